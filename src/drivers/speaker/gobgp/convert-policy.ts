/**
 * The barrier as GoBGP's policy: one prefix set per family, and one policy
 * that accepts what is in them and local, in both directions, over a default
 * that rejects.
 */
import { type Family, familyOf, lengthOf, type Prefix } from '../../../model/address.js';
import { inOrder, isInOrder } from '../../../model/in-order.js';
import { once } from '../../../model/once.js';
import type { BarrierObserved } from '../../../model/path.js';
import type { Values } from './dialect.js';
import {
  FOREIGN_ACTIONS,
  FOREIGN_CONDITIONS,
  type ListedAssignment,
  type ListedPolicy,
  type ListedSet,
  type ListedStatement,
  type WireDefinedSet,
  type WirePolicy,
} from './messages.js';

/** PolicyDirection. On import it keeps what peers send, and what nobody allowed, out of the table. */
export const DIRECTIONS = [1, 2] as const;
const DIRECTION_NAMES: Readonly<Record<(typeof DIRECTIONS)[number], string>> = { 1: 'import', 2: 'export' };

/** The table's own policies, not a neighbour's: those are ignored. */
export const GLOBAL = 'global';
/** RouteAction, for statements and for the default. */
const ACCEPT = 1;
export const REJECT = 2;
/** Conditions.RouteType: made here, so nothing that was learned passes. */
const LOCAL = 3;

export const POLICY = 'culvert-barrier';
const FAMILIES = [4, 6] as const;
const setName = (family: Family): string => `culvert-allow-v${family}`;

const exact = (prefix: Prefix) => ({
  ip_prefix: prefix,
  mask_length_min: lengthOf(prefix),
  mask_length_max: lengthOf(prefix),
});

function setOf({ prefixSet }: Values, family: Family, prefixes: readonly Prefix[]): WireDefinedSet {
  const own = prefixes.filter((prefix) => familyOf(prefix) === family);
  return { defined_type: prefixSet, name: setName(family), prefixes: own.map(exact) };
}

/** Both sets, also when empty: an empty one matches nothing. */
export const allowSets = (values: Values, allow: readonly Prefix[]): readonly WireDefinedSet[] =>
  FAMILIES.map((family) => setOf(values, family, allow));

/** Only the sets that these prefixes change. */
export const changedSets = (values: Values, prefixes: readonly Prefix[]): readonly WireDefinedSet[] =>
  allowSets(values, prefixes).filter((set) => set.prefixes.length > 0);

export const barrierPolicy = ({ any }: Values): WirePolicy => ({
  name: POLICY,
  statements: FAMILIES.map((family) => ({
    name: setName(family),
    conditions: { prefix_set: { type: any, name: setName(family) }, route_type: LOCAL },
    actions: { route_action: ACCEPT },
  })),
});

function isStatement({ any, noRpki }: Values, listed: ListedStatement, family: Family): boolean {
  const { name, conditions, actions } = listed;
  return (
    name === setName(family) &&
    conditions?.prefix_set?.type === any &&
    conditions.prefix_set.name === setName(family) &&
    conditions.route_type === LOCAL &&
    noRpki.includes(conditions.rpki_result) &&
    conditions.origin === 0 &&
    conditions.next_hop_in_list.length === 0 &&
    conditions.afi_safi_in.length === 0 &&
    FOREIGN_CONDITIONS.every((condition) => conditions[condition] === null) &&
    actions?.route_action === ACCEPT &&
    FOREIGN_ACTIONS.every((action) => actions[action] === null)
  );
}

const isBarrierPolicy = (values: Values, { name, statements }: ListedPolicy): boolean =>
  name === POLICY &&
  statements.length === FAMILIES.length &&
  FAMILIES.every((family, index) => {
    const statement = statements[index];
    return statement !== undefined && isStatement(values, statement, family);
  });

/** What the daemon lists about its policy. */
export interface ListedBarrier {
  readonly assignments: readonly ListedAssignment[];
  readonly policies: readonly ListedPolicy[];
  readonly sets: readonly ListedSet[];
}

function assignmentProblem(values: Values, { assignments }: ListedBarrier): string | undefined {
  for (const direction of DIRECTIONS) {
    const where = DIRECTION_NAMES[direction];
    const [assignment, ...more] = assignments.filter((listed) => listed.direction === direction);
    if (!assignment || more.length > 0) return `${where}: ${assignment ? 'two assignments' : 'no assignment'}`;
    if (assignment.default_action !== REJECT) return `${where}: the default is not to reject`;
    const [policy, ...others] = assignment.policies;
    if (!policy) return `${where}: no policy is assigned`;
    if (others.length > 0) return `${where}: other policies are assigned too: ${others.map((p) => p.name).join(', ')}`;
    if (!isBarrierPolicy(values, policy)) return `${where}: policy ${policy.name} is not the allow-list`;
  }
  return undefined;
}

/** The prefixes of one set, or why they are not an allow-list. */
function prefixesOf({ prefixSet }: Values, sets: readonly ListedSet[], family: Family): readonly Prefix[] | string {
  const set = sets.find(({ name, defined_type }) => name === setName(family) && defined_type === prefixSet);
  if (!set) return `prefix set ${setName(family)} is missing`;
  if (typeof set.prefixes === 'string') return `${set.name} ${set.prefixes}`;
  const stray = strayIn(set.prefixes, family);
  return stray === 'none' ? set.prefixes : `${set.name} holds ${stray}`;
}

const strayIn = once(
  (prefixes: readonly Prefix[], family: Family): Prefix | 'none' =>
    prefixes.find((prefix) => familyOf(prefix) !== family) ?? 'none',
);

/** GoBGP lists a set in order, and what was added to it twice as often. */
const together = once((v4: readonly Prefix[], v6: readonly Prefix[]): readonly Prefix[] => {
  const all = [...v4, ...v6];
  return isInOrder(all) ? all : inOrder([...new Set(all)], (prefix) => prefix);
});

/** Judges what was read back: held only when everything is exactly as installed. */
export function barrierFromWire(values: Values, listed: ListedBarrier): BarrierObserved {
  if (listed.assignments.every(({ policies }) => policies.length === 0)) return { state: 'absent' };
  const wrong = (detail: string): BarrierObserved => ({ state: 'wrong', detail });
  const problem = assignmentProblem(values, listed);
  if (problem !== undefined) return wrong(problem);
  const policy = listed.policies.find(({ name }) => name === POLICY);
  if (!policy || !isBarrierPolicy(values, policy)) return wrong(`policy ${POLICY} is not the allow-list`);
  const v4 = prefixesOf(values, listed.sets, 4);
  if (typeof v4 === 'string') return wrong(v4);
  const v6 = prefixesOf(values, listed.sets, 6);
  if (typeof v6 === 'string') return wrong(v6);
  return { state: 'held', allow: together(v4, v6) };
}
