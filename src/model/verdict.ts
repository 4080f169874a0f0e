/** What is missing or wrong. */
export type FaultKind =
  | 'uplink'
  | 'address'
  | 'rule'
  | 'route'
  | 'setting'
  | 'ruleset'
  | 'namespace'
  | 'veth'
  /** Route, group, nexthop and tunnel of one prefix together. */
  | 'carriage';

/** Judgement on the data plane, after read-back. */
export type Verdict =
  /** `notes` do no harm yet: a standby tunnel that is missing. */
  | { readonly state: 'verified'; readonly notes: readonly string[] }
  /** Each detail names an object that is missing or wrong; `kinds` has one entry for each of those that lose packets. */
  | { readonly state: 'fault'; readonly details: readonly string[]; readonly kinds: readonly FaultKind[] }
  /** Not read, or not proven: `since` is when that began, CLOCK_MONOTONIC milliseconds. */
  | { readonly state: 'unknown'; readonly detail: string; readonly since: number };

export interface DataPlaneVerdict {
  /** What all customers share: endpoint address, rules, marking. */
  readonly endpoint: Verdict;
  /** By customer name. */
  readonly customers: ReadonlyMap<string, Verdict>;
}

/** Nothing could be read: every verdict is unknown, for this reason and since then. */
export const unreadDataPlane = (detail: string, since: number): DataPlaneVerdict => ({
  endpoint: { state: 'unknown', detail, since },
  customers: new Map(),
});
