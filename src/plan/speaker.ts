/**
 * The way from what a speaker holds to what it shall hold.
 *
 * A plan reaches only as far as it may go without looking again: after an
 * installed barrier and before anything is disallowed comes a read-back, so
 * reaching the goal takes up to three passes. A plan for a speaker that holds
 * everything is empty.
 */
import { type Address, comparePrefix, type Prefix } from '../model/address.js';
import { isPairwise } from '../model/list.js';
import { once } from '../model/once.js';
import { pair } from '../model/pair.js';
import {
  type Path,
  type PathAttributes,
  type Peer,
  type PeerObserved,
  protectionOf,
  type SpeakerDesired,
  type SpeakerObserved,
  type SpeakerOp,
  type SpeakerRunning,
} from '../model/path.js';
import { isWithin, type PeerAbilities } from './peer-options.js';

const sameList = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a === b || (a.length === b.length && a.every((item, index) => item === b[index]));
const sameSet = <T extends string | number>(a: readonly T[], b: readonly T[]): boolean =>
  sameList(a, b) || (a.length === b.length && sameList([...a].sort(), [...b].sort()));

/** Equal on the wire: an identical path announced again would be silent, but a pass with nothing to do does nothing. */
export const samePath = (a: Path, b: Path): boolean =>
  a === b || (a.prefix === b.prefix && sameAttributes(a.attributes, b.attributes));

const sameAttributes = (a: PathAttributes, b: PathAttributes): boolean => a === b || equalAttributes(a, b);

/** What is read back is equal to what was wanted, and both are shared by very many paths. */
const equalAttributes = once(
  (a: PathAttributes, b: PathAttributes): boolean =>
    a.nextHop === b.nextHop &&
    a.med === b.med &&
    a.localPref === b.localPref &&
    sameList(a.asPath, b.asPath) &&
    sameSet(a.communities, b.communities) &&
    sameSet(a.largeCommunities, b.largeCommunities),
);

const samePeer = (desired: Peer, observed: PeerObserved): boolean =>
  desired.asn === observed.asn &&
  desired.hold === observed.hold &&
  desired.keepalive === observed.keepalive &&
  desired.gracefulRestart === observed.gracefulRestart &&
  desired.passive === observed.passive &&
  desired.multihop === observed.multihop &&
  ([4, 6] as const).every((family) => desired.maxPrefix[family] === observed.maxPrefix[family]) &&
  protectionOf(desired) === observed.protection &&
  sameSet(desired.families, observed.families) &&
  (observed.localAddress === undefined || desired.localAddress === observed.localAddress);

/** The same goal as before: a speaker that has left it meanwhile has drifted. */
export const sameGoal = (a: SpeakerDesired, b: SpeakerDesired): boolean =>
  sameList(a.allow, b.allow) &&
  isPairwise(a.paths, b.paths, samePath) &&
  sameList(
    a.peers.map(({ address }) => address),
    b.peers.map(({ address }) => address),
  );

/**
 * Why this running speaker cannot be ours, as half a sentence; `undefined`
 * when it may be. Another identity means that somebody else started it:
 * touching it could take down what is theirs.
 */
export function identityConflict(
  desired: Pick<SpeakerDesired, 'asn' | 'routerId'>,
  observed: SpeakerObserved,
): string | undefined {
  if (observed.state === 'not-started') return undefined;
  if (observed.asn === desired.asn && observed.routerId === desired.routerId) return undefined;
  return `it runs as AS ${observed.asn} with router id ${observed.routerId}, the fleet says AS ${desired.asn} with ${desired.routerId}`;
}

/** Peers that neither bear our mark nor are wanted, sorted: somebody else's, unless they appeared while we watched. */
export function foreignPeers(wanted: readonly Peer[], observed: SpeakerObserved): readonly Address[] {
  if (observed.state === 'not-started') return [];
  const named = new Set(wanted.map(({ address }) => address));
  return observed.peers.flatMap(({ address, ours }) => (ours || named.has(address) ? [] : [address])).sort();
}

/** Nothing else may happen before the barrier has been read back as held. */
function raiseBarrier(desired: SpeakerDesired, observed: SpeakerObserved): readonly SpeakerOp[] | undefined {
  const install: SpeakerOp = { kind: 'install-barrier', allow: desired.allow };
  if (observed.state === 'not-started') {
    const { asn, routerId, listenPort } = desired;
    return [{ kind: 'start', asn, routerId, listenPort }, install];
  }
  return observed.barrier.state === 'held' ? undefined : [install];
}

/** Both are in order; where one is empty, very many need not be sorted. */
function together(a: readonly Path[], b: readonly Path[]): readonly Path[] {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a;
  return [...a, ...b].sort((one, other) => comparePrefix(one.prefix, other.prefix));
}

/** What each of two lists of prefixes has alone. The lists stay the same objects for long: the answer too. */
const difference = once((a: readonly Prefix[], b: readonly Prefix[]) => {
  if (sameList(a, b)) return { first: [], second: [] };
  const [firsts, seconds] = [new Set(a), new Set(b)];
  return { first: a.filter((prefix) => !seconds.has(prefix)), second: b.filter((prefix) => !firsts.has(prefix)) };
});

function planPaths(desired: SpeakerDesired, observed: SpeakerRunning, held: readonly Prefix[]): SpeakerOp[] {
  const changed: Path[] = [];
  const added: Path[] = [];
  const withdraw: Prefix[] = [];
  pair(desired.paths, observed.paths, {
    both: (path, current) => {
      if (!samePath(path, current)) changed.push(path);
    },
    first: (path) => added.push(path),
    second: ({ prefix }) => withdraw.push(prefix),
  });
  const announce = together(changed, added);
  const { first: allow, second: surplus } = difference(desired.allow, held);
  // What still stands stays allowed: a tightened policy stops GoBGP from telling its peers about the withdrawal.
  const standing = new Set(surplus.length === 0 ? [] : observed.paths.map(({ prefix }) => prefix));
  const disallow = surplus.filter((prefix) => !standing.has(prefix));
  return [
    ...(allow.length > 0 ? [{ kind: 'allow', prefixes: allow } as const] : []),
    ...(announce.length > 0 ? [{ kind: 'announce', paths: announce } as const] : []),
    ...(withdraw.length > 0 ? [{ kind: 'withdraw', prefixes: withdraw } as const] : []),
    ...(disallow.length > 0 ? [{ kind: 'disallow', prefixes: disallow.sort(comparePrefix) } as const] : []),
    ...observed.foreignPaths.map(({ family, prefix }) => ({ kind: 'delete-foreign', family, prefix }) as const),
  ];
}

/**
 * A peer whose settings differ is replaced: an update would drop the session
 * too, and not only when something changed. One that asks for what the daemon
 * cannot do is refused: it stays as it is, there or not.
 */
function planPeers(desired: SpeakerDesired, observed: SpeakerRunning, can: PeerAbilities): SpeakerOp[] {
  const wanted = new Map(desired.peers.map((peer) => [peer.address, peer]));
  const standing = new Map(observed.peers.map((peer) => [peer.address, peer]));
  const right = (address: Address): boolean => {
    const [peer, current] = [wanted.get(address), standing.get(address)];
    if (peer && !isWithin(peer, can)) return true;
    return peer !== undefined && current !== undefined && samePeer(peer, current);
  };
  const gone = [...standing.keys()].filter((address) => !right(address)).sort();
  const added = desired.peers.filter(({ address }) => !right(address)).sort((a, b) => (a.address < b.address ? -1 : 1));
  return [
    ...gone.map((address) => ({ kind: 'delete-peer', address }) as const),
    ...added.map((peer) => ({ kind: 'add-peer', peer }) as const),
  ];
}

/**
 * Start, barrier, paths, peers.
 *
 * Paths come before peers because a new session sends the whole table and then
 * End-of-RIB (RFC 4724 3): a router that kept our stale routes over a restart
 * drops at that mark whatever has not been sent again.
 */
export function planSpeaker(
  desired: SpeakerDesired,
  observed: SpeakerObserved,
  can: PeerAbilities,
): readonly SpeakerOp[] {
  const barrier = raiseBarrier(desired, observed);
  if (barrier) return barrier;
  if (observed.state !== 'started' || observed.barrier.state !== 'held') return [];
  return [...planPaths(desired, observed, observed.barrier.allow), ...planPeers(desired, observed, can)];
}
