/** All that differs between GoBGP 3 and 4 on the wire, but for the NLRI of an event: see `v3.ts` and `v4.ts`. */
import type { PackageDefinition } from '@grpc/proto-loader';
import type { NlriReader } from './nlri.js';

export interface Dialect {
  readonly version: 3 | 4;
  /** The interface description, below the folder of protos. */
  readonly proto: string;
  readonly service: string;
  readonly values: Values;
  nlriReader(definition: PackageDefinition): NlriReader;
}

/**
 * Values of enumerations that differ: GoBGP 4 begins with UNSPECIFIED, so that
 * most are one more. SessionState, RouteAction, RouteType, PolicyDirection and
 * AsSegment are the same in both and named where they are converted.
 */
export interface Values {
  /** TableType. */
  readonly globalTable: number;
  readonly adjOutTable: number;
  /** DefinedType PREFIX. */
  readonly prefixSet: number;
  /** TableLookupPrefix.Type EXACT. */
  readonly exact: number;
  /** MatchSet.Type ANY. */
  readonly any: number;
  /** WatchEventRequest.Table.Filter.Type BEST: local paths included. */
  readonly best: number;
  /** PeerState.AdminState DOWN: somebody has shut the session down. */
  readonly shutDown: number;
  /** PeerState.AdminState PFX_CT: the session has ended at its limit of prefixes. */
  readonly overLimit: number;
  /** What is listed for "no condition on RPKI". */
  readonly noRpki: readonly number[];
}

export const VALUES_3: Values = {
  globalTable: 0,
  adjOutTable: 3,
  prefixSet: 0,
  exact: 0,
  any: 0,
  best: 0,
  shutDown: 1,
  overLimit: 2,
  noRpki: [-1, 0],
};

export const VALUES_4: Values = {
  globalTable: 1,
  adjOutTable: 4,
  prefixSet: 1,
  exact: 1,
  any: 1,
  best: 1,
  shutDown: 2,
  overLimit: 3,
  noRpki: [-1, 0, 1],
};
