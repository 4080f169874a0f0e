/** What peers ask for and a daemon cannot do: refused by name, so that nothing is silently ignored. */
import { optionsOf, type Peer, type PeerOption } from '../model/path.js';

/** What a daemon can do for a session. */
export type PeerAbilities = Readonly<Record<PeerOption, boolean>>;

/** By their names in the fleet file. */
const WRITTEN: Readonly<Record<PeerOption, string>> = {
  md5: 'password',
  gtsm: 'ttlSecurity',
  passive: 'passive',
  multihop: 'multihop',
  maxPrefix: 'maxPrefix',
  gracefulRestart: 'gracefulRestart',
};

const beyond = (peer: Peer, can: PeerAbilities): readonly PeerOption[] =>
  optionsOf(peer).filter((option) => !can[option]);

/** Whether the daemon can do all that this peer asks for. */
export const isWithin = (peer: Peer, can: PeerAbilities): boolean => beyond(peer, can).length === 0;

/** One line about the peers that are refused, with the remedy; `undefined` when none is. */
export function refusedPeers(peers: readonly Peer[], can: PeerAbilities, speaker: string): string | undefined {
  const refused = peers.flatMap((peer) => {
    const asked = beyond(peer, can).map((option) => WRITTEN[option]);
    return asked.length === 0 ? [] : [`peer ${peer.address} with ${asked.join(' and ')}`];
  });
  if (refused.length === 0) return undefined;
  return `${refused.join(', ')} refused: ${speaker} cannot do that; leave it out in the fleet file, or use another speaker`;
}
