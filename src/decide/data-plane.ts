/**
 * Judgement on what was read back: who is hurt by what is missing.
 *
 * A fault is a proof that packets are lost now: an object without a stand-in
 * is absent or leads elsewhere. What merely differs from the wish (another
 * weight, an older ruleset, a tunnel whose share others carry) is a note,
 * because it is also what every ordinary change looks like before it is
 * applied, and a change must not withdraw anything.
 */
import type { ServerView } from '../model/fleet.js';
import type { KernelDesired, KernelObserved, Netns } from '../model/kernel.js';
import { addressKey, routeKey, ruleKey, rulesetKey, sysctlKey, vethKey } from '../model/kernel-order.js';
import { DEFAULT_NETNS, netnsOf } from '../model/naming.js';
import { routesIn } from '../model/routes-alike.js';
import { same } from '../model/same.js';
import type { DataPlaneVerdict, FaultKind, Verdict } from '../model/verdict.js';
import { carriageOf, type Fault, type Findings } from './carriage.js';
import { sharesOf, type Share } from './kernel-shares.js';
import { isComfort } from './sysctls.js';

export function judgeDataPlane(view: ServerView, desired: KernelDesired, observed: KernelObserved): DataPlaneVerdict {
  const wanted = sharesOf(view, desired);
  const found = sharesOf(view, observed);
  const tables = tableFindings(desired, observed);
  const common = merged([uplinkFindings(observed), commonFindings(wanted.common, found.common), tables(DEFAULT_NETNS)]);
  return {
    endpoint: verdict(common),
    customers: new Map(
      view.fleet.customers.map(({ name }) => {
        const own = customerFindings(netnsOf(name), wanted.ofCustomer(name), found.ofCustomer(name), tables);
        return [name, verdict(own)];
      }),
    ),
  };
}

const verdict = ({ faults, notes }: Findings): Verdict =>
  faults.length === 0
    ? { state: 'verified', notes }
    : {
        state: 'fault',
        details: [...faults.map(({ text }) => text), ...notes],
        kinds: faults.map(({ kind }) => kind),
      };

/** What all customers share, in the default namespace. */
const commonFindings = (wanted: Share, found: Share): Findings =>
  merged([
    missing('address', wanted.addresses, found.addresses, addressKey, (a) => `${a.address} missing on ${a.device}`),
    missing(
      'rule',
      wanted.rules,
      found.rules,
      ruleKey,
      (r) => `IPv${r.family} rule for packets marked on ${r.iif} missing`,
    ),
    missing(
      'route',
      routesIn(wanted.routes),
      routesIn(found.routes),
      routeKey,
      (r) => `unreachable ${r.destination} missing in table ${r.table}`,
    ),
    sysctlFindings(wanted, found),
  ]);

/** One customer: its namespace, the way in, the settings there, and a tunnel for every prefix. */
function customerFindings(netns: Netns, wanted: Share, found: Share, tables: (netns: Netns) => Findings): Findings {
  if (found.namespaces.length === 0)
    return { faults: [{ kind: 'namespace', text: `namespace ${netns} missing` }], notes: [] };
  if (same(wanted, found)) return tables(netns);
  const routes = routesIn(wanted.routes);
  const carried = routes.filter(({ target }) => target.kind === 'nexthop');
  const fixed = routes.filter(({ target }) => target.kind !== 'nexthop');
  const loopback = wanted.addresses.filter(({ device }) => device === 'lo');
  const inner = wanted.addresses.filter(({ device }) => device !== 'lo');
  return merged([
    missing('veth', wanted.veths, found.veths, vethKey, (v) => `veth ${v.name} missing or not ready`),
    missing('route', fixed, routesIn(found.routes), routeKey, (r) => `route ${r.destination} missing${at(r.netns)}`),
    missing('address', loopback, found.addresses, addressKey, (a) => `${a.address} missing on lo${at(netns)}`),
    asNotes(
      missing('address', inner, found.addresses, addressKey, (a) => `${a.address} missing on ${a.device}${at(netns)}`),
    ),
    sysctlFindings(wanted, found),
    tables(netns),
    carriageOf(netns, carried, wanted, found),
  ]);
}

const NOTHING: Findings = { faults: [], notes: [] };

/** One uplink of several may be down; without any, nothing arrives. */
function uplinkFindings({ uplinks }: KernelObserved): Findings {
  const down = uplinks.filter(({ up }) => !up).map(({ name }) => `uplink ${name} is down`);
  return down.length === uplinks.length ? { faults: ofKind('uplink', down), notes: [] } : { faults: [], notes: down };
}

/** A key that the kernel does not have belongs to a device that is missing, which is found elsewhere. */
function sysctlFindings(wanted: Share, found: Share): Findings {
  if (same(wanted.sysctls, found.sysctls)) return NOTHING;
  const values = new Map(found.sysctls.map((sysctl) => [sysctlKey(sysctl), sysctl.value]));
  const wrong = wanted.sysctls.filter((sysctl) => (values.get(sysctlKey(sysctl)) ?? sysctl.value) !== sysctl.value);
  const text = (s: (typeof wrong)[number]): string =>
    `${s.key} is ${values.get(sysctlKey(s)) ?? 'absent'} instead of ${s.value}${at(s.netns)}`;
  return {
    faults: ofKind('setting', wrong.filter(({ key }) => !isComfort(key)).map(text)),
    notes: wrong.filter(({ key }) => isComfort(key)).map(text),
  };
}

/** Without our table nothing is marked and nothing limited; one that differs is an older one of ours, or about to be. */
function tableFindings(desired: KernelDesired, observed: KernelObserved): (netns: Netns) => Findings {
  const wanted = new Set(desired.rulesets.map(rulesetKey));
  const states = new Map(observed.rulesets.map((ruleset) => [rulesetKey(ruleset), ruleset.state]));
  return (netns) => {
    if (!wanted.has(netns)) return NOTHING;
    const state = states.get(netns) ?? 'absent';
    return {
      faults: state === 'absent' ? ofKind('ruleset', [`nft table missing${at(netns)}`]) : [],
      notes: state === 'different' ? [`nft table differs${at(netns)}`] : [],
    };
  };
}

const ofKind = (kind: FaultKind, texts: readonly string[]): readonly Fault[] => texts.map((text) => ({ kind, text }));

function missing<T>(
  kind: FaultKind,
  wanted: readonly T[],
  present: readonly T[],
  key: (item: T) => string,
  text: (item: T) => string,
): Findings {
  if (same(wanted, present)) return NOTHING;
  const byKey = new Map(present.map((item) => [key(item), item]));
  return { faults: ofKind(kind, wanted.filter((item) => !same(item, byKey.get(key(item)))).map(text)), notes: [] };
}

const asNotes = ({ faults, notes }: Findings): Findings => ({
  faults: [],
  notes: [...faults.map(({ text }) => text), ...notes],
});

const merged = (parts: readonly Findings[]): Findings => ({
  faults: parts.flatMap(({ faults }) => faults),
  notes: parts.flatMap(({ notes }) => notes),
});

const at = (netns: Netns): string => (netns === DEFAULT_NETNS ? '' : ` in ${netns}`);
