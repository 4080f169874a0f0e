/** What the bridge shows of the daemon. */
import { type Address, familyOf, type Prefix } from '../../../model/address.js';
import {
  type BarrierObserved,
  type ForeignPath,
  type Path,
  type PeerObserved,
  protectionOf,
} from '../../../model/path.js';
import type { AdjRibOut } from './adj-rib-out.js';

export type Seen =
  | { readonly state: 'not-started' }
  | {
      readonly state: 'started';
      readonly asn: number;
      readonly routerId: Address;
      readonly listenPort: number;
      readonly barrier: BarrierObserved;
      /** All of the table, or those that were asked for; in the order of `comparePrefix` when all. */
      readonly paths: readonly Path[];
      /** How many paths the table has. */
      readonly count: number;
      readonly foreign: readonly ForeignPath[];
      readonly peers: readonly PeerObserved[];
    };

export const seenPeer = ({ neighbor: { peer, ours }, state }: AdjRibOut): PeerObserved => ({
  address: peer.address,
  ours,
  asn: peer.asn,
  state,
  hold: peer.hold,
  keepalive: peer.keepalive,
  families: [...peer.families].sort(),
  protection: protectionOf(peer),
  gracefulRestart: peer.gracefulRestart,
  passive: peer.passive,
  multihop: peer.multihop,
  maxPrefix: peer.maxPrefix,
  localAddress: peer.localAddress,
});

/** Paths that stand otherwise than they were given, each prefix once; sorted. */
export function foreignIn(
  ribs: readonly AdjRibOut[],
  untagged: readonly Path[],
  struck: ReadonlyMap<Prefix, string>,
): readonly ForeignPath[] {
  const details = new Map<Prefix, string>(struck);
  for (const { prefix } of untagged) details.set(prefix, "does not bear this server's tag");
  for (const rib of ribs) {
    const at = rib.neighbor.peer.address;
    for (const prefix of rib.astray) {
      const detail = rib.given.has(prefix) ? `stands at ${at}, and nobody here gave it` : `is missing at ${at}`;
      if (!details.has(prefix)) details.set(prefix, detail);
    }
  }
  return [...details]
    .map(([prefix, detail]) => ({ family: familyOf(prefix), prefix, detail }))
    .sort((a, b) => (a.prefix < b.prefix ? -1 : 1));
}
