/** Judgement on the data plane, after read-back. */
export type Verdict =
  /** `notes` do no harm yet: a standby tunnel that is missing. */
  | { readonly state: 'verified'; readonly notes: readonly string[] }
  /** Proven by read-back: each detail names an object that is missing or wrong. */
  | { readonly state: 'fault'; readonly details: readonly string[] }
  | { readonly state: 'unknown'; readonly detail: string };

export interface DataPlaneVerdict {
  /** What all customers share: endpoint address, rules, marking. */
  readonly endpoint: Verdict;
  /** By customer name. */
  readonly customers: ReadonlyMap<string, Verdict>;
}

/** Nothing could be read: every verdict is unknown, for this reason. */
export const unreadDataPlane = (detail: string): DataPlaneVerdict => ({
  endpoint: { state: 'unknown', detail },
  customers: new Map(),
});

/** One customer, or what all of them share; several customers at once are rather somebody's `flush` than several faults. */
export function hurtsOneOnly({ endpoint, customers }: DataPlaneVerdict): boolean {
  if (endpoint.state === 'fault') return true;
  return [...customers.values()].filter(({ state }) => state === 'fault').length === 1;
}
