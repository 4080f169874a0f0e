/**
 * ExaBGP 4.2's configuration from templates that are passed in. What reaches
 * the text has passed one of the checks below, each of which throws TypeError
 * on anything that ExaBGP could read as more than the one word it stands for.
 */
import { type Address, type Family, parseAddress } from '../../model/address.js';
import type { Peer } from '../../model/path.js';

export interface ExabgpTemplates {
  readonly process: string;
  readonly neighbor: string;
  readonly environment: string;
}

export interface ExabgpNeighbor {
  readonly peer: Peer;
  readonly localAsn: number;
  readonly routerId: Address;
}

/** Description by which we know our own. */
export const MARK = 'culvert';

const WORD = /^[A-Za-z0-9/._:@=+-]+$/;
/** ExaBGP keeps quotes and backslashes for itself, whatever they stand in. */
const PASSWORD = /^[ !#-&(-[\]^-~]{1,80}$/;

function word(text: string): string {
  if (!WORD.test(text)) throw new TypeError(`not one word for exabgp: ${JSON.stringify(text)}`);
  return text;
}

function addressText(address: Address): string {
  if (parseAddress(address) !== address) throw new TypeError(`not an address: ${JSON.stringify(address)}`);
  return address;
}

function whole(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a whole number: ${value}`);
  return String(value);
}

/** Whether ExaBGP can be told this key (RFC 2385): 1 to 80 printable ASCII characters, without quotes and backslashes. */
export const isPassword = (text: string): boolean => PASSWORD.test(text);

function passwordLine(password: string | undefined): string {
  if (password === undefined) return '';
  if (!isPassword(password)) throw new TypeError('a password that exabgp cannot be told');
  return `\n  md5-password "${password}";`;
}

const FAMILY: Readonly<Record<Family, string>> = { 4: 'ipv4 unicast', 6: 'ipv6 unicast' };

/** Every `@name@` replaced once; one without a value, or a value without a place, is a mistake of ours. */
function fill(template: string, values: Readonly<Record<string, string>>): string {
  const left = new Set(Object.keys(values));
  const text = template.replaceAll(/@(\w+)@/g, (place, name: string) => {
    const value = values[name];
    if (value === undefined) throw new TypeError(`the template wants ${place}`);
    left.delete(name);
    return value;
  });
  if (left.size > 0) throw new TypeError(`the template has no place for ${[...left].join(', ')}`);
  return text;
}

const neighborText = (template: string, { peer, localAsn, routerId }: ExabgpNeighbor): string =>
  fill(template, {
    address: addressText(peer.address),
    mark: MARK,
    routerId: addressText(routerId),
    localAddress: addressText(peer.localAddress),
    localAsn: whole(localAsn),
    asn: whole(peer.asn),
    hold: whole(peer.hold),
    password: passwordLine(peer.password),
    multihop: peer.multihop > 0 ? `\n  outgoing-ttl ${whole(peer.multihop)};` : '',
    families: [...peer.families]
      .sort()
      .map((family) => `\n    ${FAMILY[family]};`)
      .join(''),
  });

/** The whole file: the API process with its command line, then the neighbours by address. Never a route. */
export function exabgpConfiguration(
  templates: ExabgpTemplates,
  run: readonly string[],
  neighbors: readonly ExabgpNeighbor[],
): string {
  const sorted = [...neighbors].sort((a, b) => (a.peer.address < b.peer.address ? -1 : 1));
  return [
    fill(templates.process, { run: run.map(word).join(' ') }),
    ...sorted.map((neighbor) => neighborText(templates.neighbor, neighbor)),
  ].join('');
}

/** ExaBGP's settings, to run as this user. */
export const exabgpEnvironment = (templates: ExabgpTemplates, user: string): string =>
  fill(templates.environment, { user: word(user) });
