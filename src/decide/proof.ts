/**
 * When a fault that a read-back shows is proven.
 *
 * A dump may lie: it may be cut short, or parsed by rules that no longer hold.
 * So one look proves nothing. A second, independent observation is one of
 *
 * - `event`: the kernel told of a change before the first look that shows it;
 * - `packets`: packets through the path are lost since then;
 * - `refusal`: a repair failed;
 * - a second look, for one object alone: everything else in the same dump is
 *   there, so the dump is neither empty nor cut short.
 *
 * Several customers at once, or a ruleset or setting that all share, are
 * rather somebody's `flush`, which one repair mends faster than a withdrawal
 * travels; what all share and a customer first seen in one look are rather a
 * dump that was cut short while somebody else's change was told. They get that
 * one attempt, for `REPAIR_BOUND_MS` at most.
 *
 * When a repair succeeds and the dump still shows nothing, the two contradict
 * each other: then no look proves anything, and for several at once no event.
 */
import { same } from '../model/same.js';
import type { DataPlaneVerdict, FaultKind, Verdict } from '../model/verdict.js';

/** How long a repair may take before what it mends leaves the wire. */
export const REPAIR_BOUND_MS = 500;

/** A customer's name, or what all of them share. */
export type Subject = string;
export const ENDPOINT: Subject = ' endpoint';

export type Witness = 'event' | 'packets' | 'refusal';
export type RepairOutcome = 'applied' | 'refused';

/** What speaks for one fault. Times are CLOCK_MONOTONIC, milliseconds. */
export interface Doubt {
  /** Of the first look that shows it. */
  readonly since: number;
  readonly looks: number;
  readonly witnesses: ReadonlySet<Witness>;
  /** How the last repair since then ended. */
  readonly repair?: RepairOutcome;
}

export type Doubts = ReadonlyMap<Subject, Doubt>;

/** One read-back and what else was observed since the one before. */
export interface Look {
  readonly at: number;
  readonly verdict: DataPlaneVerdict;
  /** The kernel told of a change. */
  readonly told: boolean;
  /** Packets through the subject's path have been lost since `at`. */
  lostSince(subject: Subject, at: number): boolean;
  /** The repair that this look reads back, if there was one. */
  readonly repair?: RepairOutcome;
}

function subjectsOf({ endpoint, customers }: DataPlaneVerdict): readonly (readonly [Subject, Verdict])[] {
  return [[ENDPOINT, endpoint], ...customers];
}

/** What is known after one more look. A subject that is found in order is not doubted any more. */
export function afterLook(before: Doubts, look: Look): Doubts {
  const faulty = subjectsOf(look.verdict).filter(([, { state }]) => state === 'fault');
  return new Map(faulty.map(([subject]) => [subject, doubtAfter(before.get(subject), subject, look)]));
}

function doubtAfter(before: Doubt | undefined, subject: Subject, look: Look): Doubt {
  const since = before?.since ?? look.at;
  const repair = look.repair ?? before?.repair;
  const witnesses = new Set(before?.witnesses);
  // Later changes may be our own repairs.
  if (!before && look.told) witnesses.add('event');
  if (look.lostSince(subject, since)) witnesses.add('packets');
  if (look.repair === 'refused') witnesses.add('refusal');
  return { since, looks: (before?.looks ?? 0) + 1, witnesses, ...(repair === undefined ? {} : { repair }) };
}

/** What all share and one command of somebody else removes as a whole. */
const FLUSHED: readonly FaultKind[] = ['ruleset', 'setting'];
/** No repair of ours brings a link back. */
const BEYOND_REPAIR: FaultKind = 'uplink';

const isFlushed = (kinds: readonly FaultKind[]): boolean =>
  kinds.some((kind, index) => FLUSHED.includes(kind) || kinds.indexOf(kind) !== index);

/** Subjects whose fault is shared with others, or is of a kind that vanishes as a whole. */
function sharedFaults(doubts: Doubts, { endpoint, customers }: DataPlaneVerdict): ReadonlySet<Subject> {
  const faulty = [...customers].flatMap(([name, { state }]) => (state === 'fault' ? [name] : []));
  const shared = new Set(faulty.length > 1 ? faulty : []);
  if (endpoint.state !== 'fault' || endpoint.kinds.includes(BEYOND_REPAIR)) return shared;
  const since = doubts.get(ENDPOINT)?.since;
  const together = faulty.filter((name) => doubts.get(name)?.since === since);
  if (together.length > 0 || isFlushed(endpoint.kinds)) shared.add(ENDPOINT);
  for (const name of together) shared.add(name);
  return shared;
}

function isProven(doubt: Doubt, kinds: readonly FaultKind[], isShared: boolean, now: number): boolean {
  const { looks, witnesses, repair, since } = doubt;
  const isContradicted = repair === 'applied' && !kinds.includes(BEYOND_REPAIR);
  if (!isShared) return witnesses.size > 0 || (looks > 1 && !isContradicted);
  if (repair === 'applied') return witnesses.has('packets') || witnesses.has('refusal');
  return witnesses.size > 0 && (repair === 'refused' || now - since >= REPAIR_BOUND_MS);
}

/** The verdict with every fault that is not proven as unknown: what it carries keeps its level. */
export function proven(doubts: Doubts, verdict: DataPlaneVerdict, now: number): DataPlaneVerdict {
  const shared = sharedFaults(doubts, verdict);
  const weighed = (subject: Subject, found: Verdict): Verdict => {
    const doubt = doubts.get(subject);
    if (found.state !== 'fault' || (doubt && isProven(doubt, found.kinds, shared.has(subject), now))) return found;
    return { state: 'unknown', detail: `not proven yet: ${found.details.join('; ')}`, since: doubt?.since ?? now };
  };
  return {
    endpoint: weighed(ENDPOINT, verdict.endpoint),
    customers: new Map([...verdict.customers].map(([name, found]) => [name, weighed(name, found)])),
  };
}

/** Whether `proven` says something else at a later time without another look. */
export const isAwaitingRepair = (doubts: Doubts, verdict: DataPlaneVerdict, now: number): boolean =>
  !same(
    [...subjectsOf(proven(doubts, verdict, now))].map(([, { state }]) => state),
    [...subjectsOf(proven(doubts, verdict, now + REPAIR_BOUND_MS))].map(([, { state }]) => state),
  );
