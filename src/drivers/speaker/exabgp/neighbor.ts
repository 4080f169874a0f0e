/** What ExaBGP can do for a session, and whether two descriptions of one are the same. */
import type { Peer } from '../../../model/path.js';
import { optionsOf, protectionOf } from '../../../model/path.js';
import { same } from '../../../model/same.js';
import { type SpeakerCapabilities, SpeakerError } from '../../../ports/speaker.js';
import { isPassword } from '../../../render/exabgp/configuration.js';
import { checkPeer } from '../check-peer.js';

/**
 * ExaBGP 4.2.21. No `gtsm`: on sessions that it opens it sends TTL 255 but
 * takes packets of any TTL. No `passive`: it does not listen here. No
 * `maxPrefix`: it does not count what it receives, and with `adj-rib-in false`
 * does not keep it. No `gracefulRestart`: after a reload its End-of-RIB would
 * not follow the paths.
 */
export const EXABGP_CAN: SpeakerCapabilities = {
  md5: true,
  gtsm: false,
  passive: false,
  multihop: true,
  maxPrefix: false,
  gracefulRestart: false,
  adoption: true,
};

/** Throws SpeakerError `invalid` unless ExaBGP can keep the session as described. */
export function checkNeighbor(peer: Peer, ownAsn: number): void {
  checkPeer(peer, ownAsn);
  const invalid = (problem: string): SpeakerError => new SpeakerError('invalid', `peer ${peer.address}: ${problem}`);
  const beyond = optionsOf(peer).filter((option) => !EXABGP_CAN[option]);
  if (beyond.length > 0) throw invalid(`exabgp cannot do ${beyond.join(' and ')}`);
  if (peer.keepalive !== Math.floor(peer.hold / 3)) {
    const remedy = `write keepalive: ${Math.floor(peer.hold / 3)}, or leave it out`;
    throw invalid(`exabgp sends keepalives at a third of the hold time and not each ${peer.keepalive} s; ${remedy}`);
  }
  if (peer.password !== undefined && !isPassword(peer.password)) {
    throw invalid('exabgp takes a password of 1 to 80 printable ASCII characters without quotes and backslashes');
  }
}

const described = ({ password: _, ttlSecurity: __, ...rest }: Peer): object => ({
  ...rest,
  families: [...rest.families].sort(),
});

/** Whether they are the same session. */
export const sameNeighbor = (a: Peer, b: Peer): boolean =>
  protectionOf(a) === protectionOf(b) && same(described(a), described(b));
