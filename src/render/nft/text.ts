/**
 * nft text from typed parts. Rulesets are written as template literals rather
 * than through a template engine: what reaches the text has passed one of the
 * functions below or addressText: each throws on anything that nft(8) could read as
 * more than the one token it stands for.
 */
import { NFT_TABLE } from '../../model/naming.js';

/** `rule_` and the like, then a name of the fleet. Together well below the kernel's 255 (NFT_NAME_MAXLEN). */
const IDENTIFIER = /^[a-z][a-z0-9]*(_[a-z0-9-]{1,200})*$/;

/** dev_valid_name() of the kernel, without what nft reads as a wildcard or the end of a string. */
const DEVICE = /^[A-Za-z0-9_.:@-]{1,15}$/;

/** Name of a set, map, chain or counter. Throws TypeError when it is not one token. */
export function identifier(name: string): string {
  if (!IDENTIFIER.test(name)) throw new TypeError(`not a name for nft: ${JSON.stringify(name)}`);
  return name;
}

/** An interface name, quoted. Throws TypeError on names that could end the string or act as a wildcard. */
export function deviceName(name: string): string {
  if (!DEVICE.test(name)) throw new TypeError(`not an interface name: ${JSON.stringify(name)}`);
  return `"${name}"`;
}

/** An unsigned 32-bit number in hexadecimal, as marks are written. */
export function hex32(value: number): string {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) throw new RangeError(`not 32 bit: ${value}`);
  return `0x${value.toString(16)}`;
}

/** A whole number of at least one. */
export function count(value: number): string {
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`not a positive whole number: ${value}`);
  return String(value);
}

const indent = (text: string): string => text.replace(/^(?=.)/gm, '  ');

/** `head {`, the lines, `}`; one statement a line, because nft 1.0.6 wants `;` before `}` otherwise. */
const block = (head: string, lines: readonly string[]): string =>
  `${head} {\n${lines.map((line) => `${indent(line)}\n`).join('')}}`;

export const counters = (names: readonly string[]): string =>
  names.map((name) => `counter ${identifier(name)} { }`).join('\n');

/** Elements of a set or map; nothing when there are none, because nft refuses empty braces. */
function elements(items: readonly string[]): readonly string[] {
  return items.length === 0
    ? []
    : [
        block(
          'elements =',
          items.map((item) => `${item},`),
        ),
      ];
}

export const set = (name: string, type: string, items: readonly string[]): string =>
  block(`set ${identifier(name)}`, [`type ${type}`, ...elements(items)]);

/** Elements may be prefixes or ranges, which must not overlap. */
export const intervalSet = (name: string, type: string, items: readonly string[]): string =>
  block(`set ${identifier(name)}`, [`type ${type}`, 'flags interval', ...elements(items)]);

/** `type` is `key : data`, each item `key : value`. */
export const map = (name: string, type: string, items: readonly string[]): string =>
  block(`map ${identifier(name)}`, [`type ${type}`, ...elements(items)]);

/** Keys may be prefixes or ranges, which must not overlap. */
export const intervalMap = (name: string, type: string, items: readonly string[]): string =>
  block(`map ${identifier(name)}`, [`type ${type}`, 'flags interval', ...elements(items)]);

export const chain = (name: string, rules: readonly string[]): string => block(`chain ${identifier(name)}`, rules);

type Hook = 'prerouting' | 'forward' | 'output';

/** A chain at a hook of the same name. Accepts what it does not drop. */
export const baseChain = (hook: Hook, priority: number, rules: readonly string[]): string =>
  chain(hook, [`type filter hook ${hook} priority ${priority}; policy accept;`, ...rules]);

/** Before conntrack (-200) and before the usual raw table (-300), after defragmentation (-400). */
export const BEFORE_TRACKING = -310;

/** The whole table. Whoever loads this beside another version of it has a mixture: the driver makes the transaction. */
export const table = (parts: readonly string[]): string =>
  [`table inet ${NFT_TABLE} {`, parts.map(indent).join('\n\n'), '}', ''].join('\n');
