/** The last look at a peer before it goes to the daemon, which ignores what it cannot do. */
import { familyOf } from '../../model/address.js';
import type { Peer } from '../../model/path.js';
import { SpeakerError } from '../../ports/speaker.js';
import { checkUnicast } from './check-path.js';

/** RFC 4724 3: twelve bits. */
const LONGEST_RESTART = 4_095;
/** RFC 2385 4.5 leaves it open; Linux takes keys of up to 80 bytes. */
const MAX_PASSWORD_BYTES = 80;

const invalid = (peer: Peer, problem: string): SpeakerError =>
  new SpeakerError('invalid', `peer ${peer.address}: ${problem}`);

function checkLimits(peer: Peer): void {
  for (const [family, limit] of Object.entries(peer.maxPrefix)) {
    if (!Number.isInteger(limit) || limit < 1 || limit > 0xffff_ffff) {
      throw invalid(peer, `a limit of ${limit} prefixes is none`);
    }
    if (!peer.families.some((own) => String(own) === family)) {
      throw invalid(peer, `a limit for IPv${family}, which the session does not carry`);
    }
  }
}

/**
 * Throws `SpeakerError` `invalid` unless the session can work as described.
 * `ownAsn` decides about GTSM and TTL, which speakers apply to external peers
 * only and ignore silently on internal ones.
 */
export function checkPeer(peer: Peer, ownAsn: number): void {
  checkUnicast(`peer ${peer.address}`, peer.address);
  checkUnicast(`peer ${peer.address}: local address`, peer.localAddress);
  if (familyOf(peer.localAddress) !== familyOf(peer.address)) {
    throw invalid(peer, `local address ${peer.localAddress} is of the other family`);
  }
  if (!Number.isInteger(peer.asn) || peer.asn < 1 || peer.asn > 0xffff_ffff)
    throw invalid(peer, `AS ${peer.asn} is none`);
  // RFC 4271 4.2: a hold time is zero or at least three seconds.
  const { hold, keepalive } = peer;
  const timers =
    [hold, keepalive].every((t) => Number.isInteger(t) && t >= 0 && t <= 0xffff) && hold !== 1 && hold !== 2;
  if (!timers || (hold > 0 && (keepalive < 1 || keepalive > hold))) {
    throw invalid(peer, `timers of ${keepalive} and ${hold} s do not fit together`);
  }
  if (peer.families.length === 0) throw invalid(peer, 'no address family to negotiate');
  if (new Set(peer.families).size !== peer.families.length) throw invalid(peer, 'an address family is named twice');
  if (peer.password !== undefined) {
    const bytes = Buffer.byteLength(peer.password);
    if (bytes < 1 || bytes > MAX_PASSWORD_BYTES) throw invalid(peer, `a password has 1 to ${MAX_PASSWORD_BYTES} bytes`);
  }
  const { gracefulRestart } = peer;
  if (!Number.isInteger(gracefulRestart) || gracefulRestart < 0 || gracefulRestart > LONGEST_RESTART) {
    throw invalid(peer, `a restart time of ${gracefulRestart} s is none`);
  }
  const { multihop } = peer;
  if (multihop !== 0 && !(Number.isInteger(multihop) && multihop >= 2 && multihop <= 255)) {
    throw invalid(peer, `a TTL of ${multihop} is none for a session over several hops`);
  }
  if (multihop !== 0 && peer.ttlSecurity) throw invalid(peer, 'TTL security and several hops exclude each other');
  if (multihop !== 0 && peer.asn === ownAsn) throw invalid(peer, 'a TTL is for eBGP peers only');
  checkLimits(peer);
  if (peer.ttlSecurity && peer.asn === ownAsn) throw invalid(peer, 'TTL security works towards eBGP peers only');
}
