import type { Address } from '../../../model/address.js';
import { type Peer, type PeerObserved, protectionOf } from '../../../model/path.js';
import { SpeakerError } from '../../../ports/speaker.js';
import { checkPeer } from '../check-peer.js';
import type { Api } from './api.js';
import { requireBarrier } from './barrier.js';
import { peerFromWire, peerToWire } from './convert-peer.js';
import { getGlobal } from './daemon.js';

/** All peers, or the one with this address. */
export async function listPeers(api: Api, address = ''): Promise<readonly PeerObserved[]> {
  const answers = await api.list('ListPeer', { address });
  return answers.flatMap(({ peer }) => (peer ? [peerFromWire(api.values, peer)] : []));
}

const describe = (peer: Peer | PeerObserved): string =>
  [
    peer.asn,
    peer.hold,
    peer.keepalive,
    peer.localAddress,
    [...peer.families].sort().join('+'),
    peer.gracefulRestart,
    peer.passive,
    peer.multihop,
    [peer.maxPrefix[4], peer.maxPrefix[6]].join('+'),
    'protection' in peer ? peer.protection : protectionOf(peer),
  ].join(' ');

/**
 * Adds a peer behind a barrier that is held, and never without: from here on
 * the table is on its way out. A peer that is there as described stays
 * untouched; GoBGP drops the session even on an update that changes nothing.
 */
export async function addPeer(api: Api, peer: Peer): Promise<void> {
  const global = await getGlobal(api);
  if (!global) throw new SpeakerError('rejected', `${api.name}: peer ${peer.address}: BGP is not started`);
  checkPeer(peer, global.asn);
  await requireBarrier(api);
  const [existing] = await listPeers(api, peer.address);
  if (!existing) {
    await api.call('AddPeer', { peer: peerToWire(peer) });
  } else if (describe(existing) !== describe(peer)) {
    throw new SpeakerError(
      'rejected',
      `${api.name}: peer ${peer.address} is configured otherwise; delete it before adding it again`,
    );
  }
}

export async function deletePeer(api: Api, address: Address): Promise<void> {
  const [existing] = await listPeers(api, address);
  if (existing) await api.call('DeletePeer', { address });
}
