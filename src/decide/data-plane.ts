/**
 * Judgement on what was read back: who is hurt by what is missing.
 *
 * A fault is a proof that packets are lost now: an object without a stand-in
 * is absent or leads elsewhere. What merely differs from the wish (another
 * weight, an older ruleset, a tunnel whose share others carry) is a note,
 * because it is also what every ordinary change looks like before it is
 * applied, and a change must not withdraw anything.
 */
import type { Customer, ServerView } from '../model/fleet.js';
import type { KernelDesired, KernelObserved, Netns } from '../model/kernel.js';
import { addressKey, routeKey, ruleKey, sysctlKey, vethKey } from '../model/kernel-order.js';
import { DEFAULT_NETNS, netnsOf, vethOf } from '../model/naming.js';
import { same } from '../model/same.js';
import type { DataPlaneVerdict, Verdict } from '../model/verdict.js';
import { carriageOf, type Findings } from './carriage.js';
import { isComfort } from './sysctls.js';

export function judgeDataPlane(view: ServerView, desired: KernelDesired, observed: KernelObserved): DataPlaneVerdict {
  return {
    endpoint: verdict(sharedFindings(view, desired, observed)),
    customers: new Map(
      view.fleet.customers.map((customer) => [customer.name, verdict(customerFindings(customer, desired, observed))]),
    ),
  };
}

const verdict = ({ faults, notes }: Findings): Verdict =>
  faults.length > 0 ? { state: 'fault', details: [...faults, ...notes] } : { state: 'verified', notes };

/** What all customers share, in the default namespace. */
function sharedFindings({ fleet }: ServerView, desired: KernelDesired, observed: KernelObserved): Findings {
  const ofCustomers = new Set(fleet.customers.map(({ name }) => vethOf(name)));
  const shared = restrict(desired, DEFAULT_NETNS);
  const routes = shared.routes.filter(({ target }) => target.kind !== 'via');
  const sysctls = shared.sysctls.filter(({ key }) => ![...ofCustomers].some((veth) => concerns(key, veth)));
  return merged([
    uplinkFindings(observed),
    missing(shared.addresses, observed.addresses, addressKey, (a) => `${a.address} missing on ${a.device}`),
    missing(
      desired.rules,
      observed.rules,
      ruleKey,
      (r) => `IPv${r.family} rule for packets marked on ${r.iif} missing`,
    ),
    missing(routes, observed.routes, routeKey, (r) => `unreachable ${r.destination} missing in table ${r.table}`),
    sysctlFindings({ ...shared, sysctls }, observed),
    rulesetFindings(DEFAULT_NETNS, desired, observed),
  ]);
}

/** One customer: its namespace, the way in, the settings there, and a tunnel for every prefix. */
function customerFindings(customer: Customer, desired: KernelDesired, observed: KernelObserved): Findings {
  const netns = netnsOf(customer.name);
  const veth = vethOf(customer.name);
  const inside = restrict(desired, netns);
  const inRoutes = desired.routes.filter(
    ({ netns: at, target }) => at === DEFAULT_NETNS && target.kind === 'via' && target.device === veth,
  );
  const outRoutes = inside.routes.filter(({ target }) => target.kind !== 'nexthop');
  const loopback = inside.addresses.filter(({ device }) => device === 'lo');
  const inner = inside.addresses.filter(({ device }) => device !== 'lo');
  const edgeSysctls = desired.sysctls.filter((s) => s.netns === DEFAULT_NETNS && concerns(s.key, veth));
  if (!observed.namespaces.some(({ name }) => name === netns)) return { faults: [`namespace ${netns} missing`], notes: [] };
  return merged([
    missing(
      desired.veths.filter(({ name }) => name === veth),
      observed.veths,
      vethKey,
      (v) => `veth ${v.name} missing or not ready`,
    ),
    missing([...inRoutes, ...outRoutes], observed.routes, routeKey, (r) => `route ${r.destination} missing${at(r.netns)}`),
    missing(loopback, observed.addresses, addressKey, (a) => `${a.address} missing on lo${at(netns)}`),
    asNotes(missing(inner, observed.addresses, addressKey, (a) => `${a.address} missing on ${a.device}${at(netns)}`)),
    sysctlFindings({ ...inside, sysctls: [...edgeSysctls, ...inside.sysctls] }, observed),
    rulesetFindings(netns, desired, observed),
    carriageOf(customer, desired, observed),
  ]);
}

/** One uplink of several may be down; without any, nothing arrives. */
function uplinkFindings({ uplinks }: KernelObserved): Findings {
  const down = uplinks.filter(({ up }) => !up).map(({ name }) => `uplink ${name} is down`);
  return down.length === uplinks.length ? { faults: down, notes: [] } : { faults: [], notes: down };
}

/** A key that the kernel does not have belongs to a device that is missing, which is found elsewhere. */
function sysctlFindings(desired: Pick<KernelDesired, 'sysctls'>, observed: KernelObserved): Findings {
  const values = new Map(observed.sysctls.map((sysctl) => [sysctlKey(sysctl), sysctl.value]));
  const wrong = desired.sysctls.filter((sysctl) => (values.get(sysctlKey(sysctl)) ?? sysctl.value) !== sysctl.value);
  const text = (s: (typeof wrong)[number]): string =>
    `${s.key} is ${values.get(sysctlKey(s)) ?? 'absent'} instead of ${s.value}${at(s.netns)}`;
  return {
    faults: wrong.filter(({ key }) => !isComfort(key)).map(text),
    notes: wrong.filter(({ key }) => isComfort(key)).map(text),
  };
}

function rulesetFindings(netns: Netns, desired: KernelDesired, observed: KernelObserved): Findings {
  if (!desired.rulesets.some((ruleset) => ruleset.netns === netns)) return { faults: [], notes: [] };
  const state = observed.rulesets.find((ruleset) => ruleset.netns === netns)?.state ?? 'absent';
  switch (state) {
    case 'equal':
      return { faults: [], notes: [] };
    case 'absent':
      return { faults: [`nft table missing${at(netns)}`], notes: [] };
    case 'different':
      return { faults: [], notes: [`nft table differs${at(netns)}`] };
  }
}

function missing<T>(
  wanted: readonly T[],
  present: readonly T[],
  key: (item: T) => string,
  text: (item: T) => string,
): Findings {
  const byKey = new Map(present.map((item) => [key(item), item]));
  return { faults: wanted.filter((item) => !same(item, byKey.get(key(item)))).map(text), notes: [] };
}

const asNotes = ({ faults, notes }: Findings): Findings => ({ faults: [], notes: [...faults, ...notes] });

const merged = (parts: readonly Findings[]): Findings => ({
  faults: parts.flatMap(({ faults }) => faults),
  notes: parts.flatMap(({ notes }) => notes),
});

/** The part of a desired kernel that lies in one namespace. */
const restrict = (desired: KernelDesired, netns: Netns): Pick<KernelDesired, 'addresses' | 'routes' | 'sysctls'> => ({
  addresses: desired.addresses.filter((item) => item.netns === netns),
  routes: desired.routes.filter((item) => item.netns === netns),
  sysctls: desired.sysctls.filter((item) => item.netns === netns),
});

const concerns = (key: string, device: string): boolean => key.split('.').includes(device);

const at = (netns: Netns): string => (netns === DEFAULT_NETNS ? '' : ` in ${netns}`);
