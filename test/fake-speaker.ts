import { type Address, comparePrefix, lengthOf, parsePrefix, type Prefix } from '../src/model/address.js';
import {
  type BarrierObserved,
  optionsOf,
  type Path,
  type Peer,
  type PeerObserved,
  protectionOf,
  type SpeakerObserved,
  type SpeakerOp,
} from '../src/model/path.js';
import {
  type Doubt,
  type Since,
  type Speaker,
  type SpeakerCapabilities,
  SpeakerError,
  type Subscription,
} from '../src/ports/speaker.js';
import { rechecked } from './rechecked.js';

interface Bgp {
  readonly asn: number;
  readonly routerId: Address;
  readonly listenPort: number;
  barrier: BarrierObserved;
  readonly paths: Map<Prefix, Path>;
  foreign: { family: 4 | 6; prefix: string; detail: string }[];
  readonly peers: Map<Address, PeerObserved>;
  /** Adj-RIB-Out of every established peer. */
  readonly sent: Map<Address, Map<Prefix, Path>>;
}

/** A daemon that lacks nothing. */
export const EVERYTHING: SpeakerCapabilities = {
  md5: true,
  gtsm: true,
  passive: true,
  multihop: true,
  maxPrefix: true,
  gracefulRestart: true,
  adoption: true,
};

/**
 * A BGP daemon that holds state, counts what it would send, and notes every
 * broken invariant: what GoBGP would let through silently is a violation here.
 * A caller cannot know what changed since its last look: what contradicts only
 * the daemon's state is rejected, what contradicts what was shown is a violation.
 */
export class FakeSpeaker implements Speaker {
  readonly name = 'fake speaker';
  readonly program = 'fake-bgpd';
  can: SpeakerCapabilities = EVERYTHING;
  readonly violations: string[] = [];
  /** Every operation that took effect, in order. */
  readonly log: string[] = [];
  /** UPDATE messages to established peers. */
  updates = 0;
  observations = 0;
  /** In order. */
  readonly calls: ('observe' | 'recheck' | 'apply')[] = [];
  /** Of the next calls, these many fail. */
  failures: SpeakerError['reason'][] = [];
  /** Peers keep what was withdrawn, as over a slow session. */
  sticky = false;
  /** Operations are taken and have no effect. */
  deaf = false;
  alive = true;
  closed = false;
  /** Called before every observation and application: what slows a daemon down. */
  delay: () => Promise<void> = () => Promise.resolve();
  private bgp: Bgp | undefined;
  /** As the last observation, and the caller's own operations since, would have it. */
  private shown: { readonly started: boolean; readonly held: boolean } = { started: false, held: false };
  private readonly wakers = new Set<(doubt: Doubt) => void>();

  async observe(): Promise<SpeakerObserved> {
    this.observations++;
    this.calls.push('observe');
    return this.look(true);
  }

  async recheck(since: Since): Promise<SpeakerObserved | undefined> {
    this.calls.push('recheck');
    return rechecked(await this.look(since.barrier), since);
  }

  private async look(barrier: boolean): Promise<SpeakerObserved> {
    await this.reach();
    const { bgp } = this;
    const held = barrier ? bgp?.barrier.state === 'held' : this.shown.held;
    this.shown = { started: bgp !== undefined, held };
    if (!bgp) return { state: 'not-started' };
    return {
      state: 'started',
      asn: bgp.asn,
      routerId: bgp.routerId,
      listenPort: bgp.listenPort,
      barrier: bgp.barrier,
      paths: [...bgp.paths.values()].sort((a, b) => comparePrefix(a.prefix, b.prefix)),
      foreignPaths: [...bgp.foreign],
      peers: [...bgp.peers.values()],
    };
  }

  async apply(ops: readonly SpeakerOp[]): Promise<void> {
    this.calls.push('apply');
    const peerAt = ops.findIndex(({ kind }) => kind === 'add-peer');
    const announceAt = ops.map(({ kind }) => kind).lastIndexOf('announce');
    if (peerAt >= 0 && announceAt > peerAt) this.violate('a peer before its paths');
    for (const op of ops) {
      await this.reach();
      if (!this.deaf) this.execute(op);
      this.log.push(op.kind);
    }
    this.tell({ prefixes: ops.flatMap(prefixesOf) });
  }

  async stillSent(prefixes: readonly Prefix[], peers: readonly Address[]): Promise<readonly Prefix[]> {
    await this.reach();
    return prefixes.filter((prefix) => peers.some((peer) => this.bgp?.sent.get(peer)?.has(prefix)));
  }

  watch(wake: (doubt: Doubt) => void): Subscription {
    this.wakers.add(wake);
    return { stop: () => this.wakers.delete(wake) };
  }

  close(): void {
    this.closed = true;
  }

  /** The daemon dies: sessions and configuration with it. */
  kill(): void {
    this.alive = false;
    this.bgp = undefined;
    this.event();
  }

  restart(): void {
    this.alive = true;
    this.event();
  }

  event(): void {
    this.tell('everything');
  }

  tell(doubt: Doubt): void {
    for (const wake of this.wakers) wake(doubt);
  }

  /** Somebody else's hands on the daemon. */
  meddle(change: (bgp: Bgp) => void): void {
    if (this.bgp) change(this.bgp);
  }

  /** Configured by somebody else altogether. */
  startedBySomebody(asn: number, routerId: Address): void {
    this.bgp = { ...emptyBgp(asn, routerId, 179) };
  }

  releaseSticky(): void {
    this.sticky = false;
    for (const sent of this.bgp?.sent.values() ?? []) {
      for (const prefix of sent.keys()) if (!this.bgp?.paths.has(prefix)) sent.delete(prefix);
    }
  }

  get paths(): readonly Path[] {
    return [...(this.bgp?.paths.values() ?? [])];
  }

  get peers(): readonly Address[] {
    return [...(this.bgp?.peers.keys() ?? [])];
  }

  get barrier(): BarrierObserved['state'] | undefined {
    return this.bgp?.barrier.state;
  }

  /** Sorted text: `203.0.113.0/24 via 198.18.1.11 path 64512 med 0`. */
  render(): string[] {
    return this.paths
      .map(({ prefix, attributes: { nextHop, asPath, localPref, med, communities } }) =>
        [
          prefix,
          `via ${nextHop}`,
          `path [${asPath.join(' ')}]`,
          localPref === undefined ? '' : `pref ${localPref}`,
          `med ${med ?? '-'}`,
          communities.join(' '),
        ]
          .filter((part) => part !== '')
          .join(' '),
      )
      .sort();
  }

  private async reach(): Promise<void> {
    await this.delay();
    if (!this.alive) throw new SpeakerError('unreachable', 'fake speaker: nobody listens');
    const failure = this.failures.shift();
    if (failure) throw new SpeakerError(failure, `fake speaker: ${failure}`);
  }

  private violate(text: string): void {
    this.violations.push(text);
  }

  private execute(op: SpeakerOp): void {
    if (op.kind === 'start') {
      if (this.shown.started) this.violate('started twice');
      this.bgp = emptyBgp(op.asn, op.routerId, op.listenPort);
      this.shown = { started: true, held: false };
      return;
    }
    const { bgp } = this;
    if (!this.shown.started) this.violate(`${op.kind} before start`);
    if (!this.shown.held && op.kind !== 'install-barrier') this.violate(`${op.kind} before the barrier`);
    if (!bgp) throw new SpeakerError('rejected', 'fake speaker: BGP is not started');
    switch (op.kind) {
      case 'install-barrier':
        bgp.barrier = { state: 'held', allow: [...op.allow] };
        return;
      case 'allow':
        if (bgp.barrier.state !== 'held') throw notHeld();
        bgp.barrier = { state: 'held', allow: [...bgp.barrier.allow, ...op.prefixes] };
        return;
      case 'disallow':
        if (bgp.barrier.state !== 'held') throw notHeld();
        for (const prefix of op.prefixes)
          if (bgp.paths.has(prefix)) this.violate(`disallowed while announced: ${prefix}`);
        bgp.barrier = { state: 'held', allow: bgp.barrier.allow.filter((prefix) => !op.prefixes.includes(prefix)) };
        return;
      case 'announce':
        for (const path of op.paths) this.announce(bgp, path);
        return;
      case 'withdraw':
        for (const prefix of op.prefixes) this.withdraw(bgp, prefix);
        return;
      case 'delete-foreign':
        bgp.foreign = bgp.foreign.filter(({ prefix }) => prefix !== op.prefix);
        return;
      case 'add-peer':
        this.addPeer(bgp, op.peer);
        return;
      case 'delete-peer':
        bgp.peers.delete(op.address);
        bgp.sent.delete(op.address);
        return;
    }
  }

  private announce(bgp: Bgp, path: Path): void {
    if (bgp.barrier.state !== 'held') throw notHeld();
    if (!bgp.barrier.allow.includes(path.prefix)) this.violate(`announced outside the barrier: ${path.prefix}`);
    if (parsePrefix(path.prefix) !== path.prefix || lengthOf(path.prefix) < 8)
      this.violate(`no prefix to announce: ${path.prefix}`);
    if (path.attributes.largeCommunities.length === 0) this.violate(`untagged: ${path.prefix}`);
    const before = bgp.paths.get(path.prefix);
    bgp.paths.set(path.prefix, path);
    if (JSON.stringify(before) === JSON.stringify(path)) return;
    for (const sent of bgp.sent.values()) {
      sent.set(path.prefix, path);
      this.updates++;
    }
  }

  private withdraw(bgp: Bgp, prefix: Prefix): void {
    if (!bgp.paths.delete(prefix)) return;
    for (const sent of bgp.sent.values()) {
      if (!this.sticky) sent.delete(prefix);
      this.updates++;
    }
  }

  private addPeer(bgp: Bgp, peer: Peer): void {
    if (bgp.barrier.state !== 'held') throw notHeld();
    for (const option of optionsOf(peer))
      if (!this.can[option]) this.violate(`a peer with ${option}, which it cannot do`);
    const { password: _password, ttlSecurity: _ttlSecurity, ...terms } = peer;
    const { address } = peer;
    bgp.peers.set(address, { ...terms, protection: protectionOf(peer), ours: true, state: 'established' });
    bgp.sent.set(address, new Map(bgp.paths));
  }
}

/** What a change of paths is told by. */
function prefixesOf(op: SpeakerOp): readonly Prefix[] {
  if (op.kind === 'announce') return op.paths.map(({ prefix }) => prefix);
  return op.kind === 'withdraw' ? op.prefixes : [];
}

const notHeld = (): SpeakerError => new SpeakerError('barrier-not-held', 'fake speaker: no barrier');

function emptyBgp(asn: number, routerId: Address, listenPort: number): Bgp {
  return {
    asn,
    routerId,
    listenPort,
    barrier: { state: 'absent' },
    paths: new Map(),
    foreign: [],
    peers: new Map(),
    sent: new Map(),
  };
}
