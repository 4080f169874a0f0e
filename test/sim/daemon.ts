/**
 * A gobgpd: a process of its own with RIB, policy and sessions, that can die,
 * stand still, answer OK and do nothing, answer nonsense, or be slow.
 */
import { type Address, comparePrefix, type Prefix } from '../../src/model/address.js';
import {
  type BarrierObserved,
  type Path,
  type Peer,
  protectionOf,
  type SessionState,
  type SpeakerObserved,
  type SpeakerOp,
} from '../../src/model/path.js';
import { type Doubt, type Since, SpeakerError } from '../../src/ports/speaker.js';
import { rechecked } from '../rechecked.js';
import type { Process } from './process.js';

/** What a daemon does with what it is told. */
export type DaemonFault = 'deaf' | 'garbage' | 'slow';

interface Session {
  readonly peer: Peer;
  state: SessionState;
  /** Adj-RIB-Out. */
  readonly sent: Map<Prefix, Path>;
}

interface Foreign {
  readonly family: 4 | 6;
  readonly prefix: string;
  readonly detail: string;
}

interface Bgp {
  readonly asn: number;
  readonly routerId: Address;
  readonly listenPort: number;
  barrier: BarrierObserved;
  readonly paths: Map<Prefix, Path>;
  foreign: Foreign[];
  readonly sessions: Map<Address, Session>;
}

/** The far end of every session. */
export interface Wire {
  /** Whether packets pass between the server and this router. */
  connected(peer: Address): boolean;
  established(peer: Address): void;
  announced(peer: Address, path: Path): void;
  withdrawn(peer: Address, prefix: Prefix): void;
  closed(peer: Address): void;
}

export class Daemon {
  fault: DaemonFault | undefined;
  /** Events are not told. */
  mute = false;
  readonly violations: string[] = [];
  /** Somebody else has taken the policy away, and it has not been put back. */
  openSince: number | undefined;
  private bgp: Bgp | undefined;
  /** What an observer has seen last, and did since: what contradicts it is a mistake of its own. */
  private shown = { started: false, held: false };
  private readonly watchers = new Set<(doubt: Doubt) => void>();

  constructor(
    readonly process: Process,
    private readonly wire: Wire,
    private readonly connectMs: () => number,
    private readonly changed: () => void,
  ) {
    process.onEnd(() => this.died());
  }

  observe(): SpeakerObserved {
    return this.look(true);
  }

  recheck(since: Since): SpeakerObserved | undefined {
    return rechecked(this.look(since.barrier), since);
  }

  private look(barrier: boolean): SpeakerObserved {
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
      peers: [...bgp.sessions.values()].map(({ peer, state }) => ({
        address: peer.address,
        asn: peer.asn,
        hold: peer.hold,
        keepalive: peer.keepalive,
        families: peer.families,
        localAddress: peer.localAddress,
        gracefulRestart: peer.gracefulRestart,
        passive: peer.passive,
        multihop: peer.multihop,
        maxPrefix: peer.maxPrefix,
        protection: protectionOf(peer),
        ours: true,
        state,
      })),
    };
  }

  stillSent(prefixes: readonly Prefix[], peers: readonly Address[]): readonly Prefix[] {
    return prefixes.filter((prefix) => peers.some((peer) => this.bgp?.sessions.get(peer)?.sent.has(prefix)));
  }

  watch(heard: (doubt: Doubt) => void): { stop(): void } {
    this.watchers.add(heard);
    return { stop: () => this.watchers.delete(heard) };
  }

  execute(op: SpeakerOp): void {
    if (this.fault === 'deaf') return;
    if (op.kind === 'start') {
      if (this.shown.started) this.violate('started twice');
      const { asn, routerId, listenPort } = op;
      this.bgp = {
        ...{ asn, routerId, listenPort, barrier: { state: 'absent' }, foreign: [] },
        ...{ paths: new Map(), sessions: new Map() },
      };
      this.shown = { started: true, held: false };
      return;
    }
    if (!this.shown.started) this.violate(`${op.kind} before start`);
    if (!this.shown.held && op.kind !== 'install-barrier') this.violate(`${op.kind} before the barrier`);
    const { bgp } = this;
    if (!bgp) throw new SpeakerError('rejected', 'gobgpd: BGP is not started');
    this.change(bgp, op);
    this.tell(prefixesOf(op));
  }

  /** The router's side of a session broke, or packets pass no more and the hold timer has run out. */
  sessionLost(peer: Address): void {
    const session = this.bgp?.sessions.get(peer);
    if (session?.state !== 'established') return;
    session.state = 'active';
    session.sent.clear();
    this.wire.closed(peer);
    this.tell([]);
    this.connect(session);
  }

  isEstablished(peer: Address): boolean {
    return this.bgp?.sessions.get(peer)?.state === 'established';
  }

  get isConfigured(): boolean {
    return this.bgp !== undefined;
  }

  /** Somebody else injects a path of their own. */
  injected(prefix: Prefix, path: Path): void {
    if (!this.bgp) return;
    this.bgp.foreign.push({ family: 4, prefix, detail: 'no tag of ours' });
    if (this.bgp.barrier.state !== 'held') this.advertise(this.bgp, path);
    this.tell([prefix]);
  }

  /** Somebody's SetPolicies: no policy is left, and GoBGP's default accepts. No event tells of it. */
  barrierDropped(now: number): void {
    if (!this.bgp) return;
    this.openSince ??= now;
    this.bgp.barrier = { state: 'wrong', detail: 'no default reject' };
    this.changed();
  }

  pathsDropped(): void {
    const { bgp } = this;
    if (!bgp) return;
    const prefixes = [...bgp.paths.keys()];
    for (const prefix of prefixes) this.withdraw(bgp, prefix);
    this.tell(prefixes);
  }

  peersDropped(): void {
    const { bgp } = this;
    if (!bgp) return;
    for (const address of [...bgp.sessions.keys()]) this.deletePeer(bgp, address);
    this.tell([]);
  }

  private change(bgp: Bgp, op: Exclude<SpeakerOp, { kind: 'start' }>): void {
    const { barrier } = bgp;
    if (op.kind !== 'install-barrier' && barrier.state !== 'held') {
      throw new SpeakerError('barrier-not-held', 'gobgpd: the barrier does not hold');
    }
    const allow = barrier.state === 'held' ? barrier.allow : [];
    switch (op.kind) {
      case 'install-barrier':
        bgp.barrier = { state: 'held', allow: [...op.allow] };
        this.openSince = undefined;
        this.shown.held = true;
        return;
      case 'allow':
        bgp.barrier = { state: 'held', allow: [...allow, ...op.prefixes] };
        return;
      case 'disallow':
        for (const prefix of op.prefixes)
          if (bgp.paths.has(prefix)) this.violate(`disallowed while announced: ${prefix}`);
        bgp.barrier = { state: 'held', allow: allow.filter((prefix) => !op.prefixes.includes(prefix)) };
        return;
      case 'announce':
        for (const path of op.paths) {
          if (!allow.includes(path.prefix)) this.violate(`announced outside the barrier: ${path.prefix}`);
          if (path.attributes.largeCommunities.length === 0) this.violate(`untagged: ${path.prefix}`);
          bgp.paths.set(path.prefix, path);
          this.advertise(bgp, path);
        }
        return;
      case 'withdraw':
        for (const prefix of op.prefixes) this.withdraw(bgp, prefix);
        return;
      case 'delete-foreign':
        bgp.foreign = bgp.foreign.filter(({ prefix }) => prefix !== op.prefix);
        return;
      case 'add-peer': {
        const session: Session = { peer: op.peer, state: 'active', sent: new Map() };
        bgp.sessions.set(op.peer.address, session);
        this.connect(session);
        return;
      }
      case 'delete-peer':
        this.deletePeer(bgp, op.address);
    }
  }

  private advertise(bgp: Bgp, path: Path): void {
    for (const { peer, state, sent } of bgp.sessions.values()) {
      if (state !== 'established' || JSON.stringify(sent.get(path.prefix)) === JSON.stringify(path)) continue;
      sent.set(path.prefix, path);
      this.wire.announced(peer.address, path);
    }
  }

  private withdraw(bgp: Bgp, prefix: Prefix): void {
    bgp.paths.delete(prefix);
    for (const { peer, sent } of bgp.sessions.values())
      if (sent.delete(prefix)) this.wire.withdrawn(peer.address, prefix);
  }

  private deletePeer(bgp: Bgp, address: Address): void {
    const session = bgp.sessions.get(address);
    bgp.sessions.delete(address);
    if (session?.state === 'established') this.wire.closed(address);
  }

  private connect(session: Session): void {
    this.process.after(this.connectMs(), () => {
      const { bgp } = this;
      if (bgp?.sessions.get(session.peer.address) !== session || session.state === 'established') return;
      if (!this.wire.connected(session.peer.address)) return this.connect(session);
      session.state = 'established';
      this.wire.established(session.peer.address);
      for (const path of bgp.paths.values()) {
        session.sent.set(path.prefix, path);
        this.wire.announced(session.peer.address, path);
      }
      this.tell([]);
    });
  }

  private died(): void {
    const sessions = [...(this.bgp?.sessions.values() ?? [])];
    this.bgp = undefined;
    this.openSince = undefined;
    for (const { peer, state } of sessions) if (state === 'established') this.wire.closed(peer.address);
    this.tell(undefined);
  }

  /** What a change of paths is told by; of sessions none. The end of the daemon ends the stream: everything is in doubt. */
  private tell(prefixes: readonly Prefix[] | undefined): void {
    this.changed();
    if (!this.mute) for (const heard of this.watchers) heard(prefixes ? { prefixes } : 'everything');
  }

  private violate(text: string): void {
    this.violations.push(text);
  }
}

function prefixesOf(op: SpeakerOp): readonly Prefix[] {
  if (op.kind === 'announce') return op.paths.map(({ prefix }) => prefix);
  return op.kind === 'withdraw' ? op.prefixes : [];
}
