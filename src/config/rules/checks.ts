import type { CheckAddress } from '../../model/check.js';
import { routersOf, serversOf } from '../addresses.js';
import { familyOfTarget, isLoopback, isOnServer, isSelf, ownAddresses } from '../check-targets.js';
import { formatDuration } from '../durations.js';
import type { Rule } from '../judge.js';
import { specialPurposeOf } from '../reserved.js';
import type { DraftCheck } from '../schema-checks.js';
import type { Draft } from '../schema.js';
import { alternatives, nearest, shown, type TreePath } from '../wording.js';

interface OwnedCheck {
  readonly name: string;
  /** `undefined` for the provider's. */
  readonly customer?: string;
  readonly check: DraftCheck;
  readonly path: TreePath;
}

function checksOf(draft: Draft): readonly OwnedCheck[] {
  const provider = Object.entries(draft.provider?.checks ?? {});
  return [
    ...provider.map(([name, check]) => ({ name, check, path: ['provider', 'checks', name] })),
    ...Object.entries(draft.customers).flatMap(([customer, { checks }]) =>
      Object.entries(checks).map(([name, check]) => ({
        name,
        customer,
        check,
        path: ['customers', customer, 'checks', name],
      })),
    ),
  ];
}

/** What it sends packets to, and where that is written; `undefined` for checks that name no address. */
function targetOf({ check, path }: OwnedCheck): { readonly target: CheckAddress; readonly at: TreePath } | undefined {
  if (check.type === 'http') return { target: check.url.target, at: [...path, 'url'] };
  return 'target' in check ? { target: check.target, at: [...path, 'target'] } : undefined;
}

/** One probe of a check is under way at a time: a beat in which the last one still waits would be lost. */
export const checkTimeoutRule: Rule = (draft, judge) => {
  for (const { name, check, path } of checksOf(draft)) {
    if (!('timeout' in check) || check.timeout === undefined || check.timeout <= check.interval) continue;
    const timeout = formatDuration(check.timeout);
    judge.refuse({
      code: 'check-timeout',
      path: [...path, 'timeout'],
      message: `timeout ${timeout} of ${name} is longer than its interval ${formatDuration(check.interval)}`,
      remedy: `write interval: ${timeout} or more, or a shorter timeout`,
    });
  }
};

/** The tunnel an echo request leaves through. */
export const checkWayRule: Rule = (draft, judge) => {
  const own = ownAddresses(draft);
  for (const { name, customer = '', check, path } of checksOf(draft)) {
    if (check.type !== 'icmp' || !('through' in check) || check.through === undefined) continue;
    const { through, target } = check;
    const known = Object.keys(draft.customers[customer]?.tunnels ?? {});
    const here = [...path, 'through'];
    if (check.inside) {
      const message = `${name} leaves through ${through}, and inside would await the answer in the namespace`;
      const remedy = 'leave inside out: the answer returns outside the tunnel';
      judge.refuse({ code: 'check-way', path: [...path, 'inside'], message, remedy });
    } else if (isOnServer(target, own)) {
      const message = `${name} sends to ${target} through ${through}, and that is an address of this server`;
      judge.refuse({ code: 'check-way', path: here, message, remedy: 'leave through out, or write an address beyond' });
    }
    if (known.includes(through) || !judge.isIntact(['customers', customer, 'tunnels', through])) continue;
    const meant = nearest(through, known);
    const some = known.length > 0 ? `write ${alternatives(known)}` : 'leave through out';
    const message = `${customer} has no tunnel ${shown(through)}`;
    const remedy = meant === undefined ? some : `did you mean ${meant}?`;
    judge.refuse({ code: 'unknown-tunnel', path: here, message, remedy });
  }
};

export const checkTargetRule: Rule = (draft, judge) => {
  for (const owned of checksOf(draft)) {
    const { target, at } = targetOf(owned) ?? {};
    if (target === undefined || at === undefined || isSelf(target) || isLoopback(target)) continue;
    const special = specialPurposeOf(target);
    if (!special || special.kind === 'reserved') continue;
    const message = `${target} is special-purpose: ${special.use}, ${special.prefix}`;
    judge.refuse({ code: 'unroutable-address', path: at, message, remedy: 'write what routers can carry, or self' });
  }
};

/** Every server runs every check; inside a customer's namespace both families are there. */
export const checkFamilyRule: Rule = (draft, judge) => {
  const own = ownAddresses(draft);
  const without = serversOf(draft).find(({ written, path }) => written.v6 === undefined && judge.isIntact(path));
  for (const owned of checksOf(draft)) {
    const { name, check, path } = owned;
    const { target, at } = targetOf(owned) ?? {};
    if (target === undefined || at === undefined) continue;
    const source = 'source' in check ? check.source : undefined;
    const family = familyOfTarget(target);
    if (source !== undefined && familyOfTarget(source) !== family) {
      judge.refuse({
        code: 'check-family',
        path: [...path, 'source'],
        message: `${name} sends IPv${family} from ${source}, which is IPv${familyOfTarget(source)}`,
        remedy: `write an IPv${family} address, or leave source out`,
      });
      continue;
    }
    const isInside = 'inside' in check && check.inside;
    const needsServer = [target, source].includes('self6') || (!isInside && !isOnServer(target, own));
    if (family === 4 || !without || !needsServer) continue;
    judge.refuse({
      code: 'check-family',
      path: at,
      message: `${name} is IPv6, and ${without.name} at ${judge.placeOf(without.path, 'key')} has no v6 address`,
      remedy: `give ${without.name} a v6 address, or check IPv4`,
    });
  }
};

export const checkPrefixRule: Rule = (draft, judge) => {
  for (const { name, customer, check, path } of checksOf(draft)) {
    if (customer === undefined || !('prefixes' in check) || check.prefixes === undefined) continue;
    if (!judge.isIntact(['customers', customer, 'prefixes'])) continue;
    const owned = (draft.customers[customer]?.prefixes ?? []).map(({ prefix }) => prefix);
    const stray = check.prefixes.find((prefix) => !owned.includes(prefix));
    if (stray === undefined) continue;
    const message = `${name} would govern ${stray}, which is not one of ${customer}'s prefixes`;
    const remedy = owned.length > 0 ? `write ${alternatives(owned)}` : 'leave prefixes out';
    judge.refuse({ code: 'check-prefix', path: [...path, 'prefixes'], message, remedy });
  }
};

export const checkRouterRule: Rule = (draft, judge) => {
  const known = routersOf(draft).map(({ name }) => name);
  for (const { check, path } of checksOf(draft)) {
    if (check.type !== 'bgp' || known.includes(check.router) || !judge.isIntact(['sites'])) continue;
    const meant = nearest(check.router, known);
    judge.refuse({
      code: 'unknown-router',
      path: [...path, 'router'],
      message: `no site has a router ${shown(check.router)}`,
      remedy: meant === undefined ? `write ${alternatives(known)}` : `did you mean ${meant}?`,
    });
  }
};
