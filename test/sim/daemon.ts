/**
 * A gobgpd: a process of its own with RIB, policy and sessions, that can die,
 * stand still, answer OK and do nothing, answer nonsense, or be slow.
 */
import type { Address, Prefix } from '../../src/model/address.js';
import {
  type BarrierObserved,
  type Path,
  type Peer,
  protectionOf,
  type SessionState,
  type SpeakerObserved,
  type SpeakerOp,
} from '../../src/model/path.js';
import { unlessCounted } from '../counted-table.js';
import { SpeakerError } from '../../src/ports/speaker.js';
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
  private bgp: Bgp | undefined;
  /** What an observer has seen last, and did since: what contradicts it is a mistake of its own. */
  private shown = { started: false, held: false };
  private readonly watchers = new Set<() => void>();

  constructor(
    readonly process: Process,
    private readonly wire: Wire,
    private readonly connectMs: () => number,
    private readonly changed: () => void,
  ) {
    process.onEnd(() => this.died());
  }

  observe(before?: SpeakerObserved): SpeakerObserved {
    const { bgp } = this;
    this.shown = { started: bgp !== undefined, held: bgp?.barrier.state === 'held' };
    if (!bgp) return { state: 'not-started' };
    return {
      state: 'started',
      asn: bgp.asn,
      routerId: bgp.routerId,
      listenPort: bgp.listenPort,
      barrier: bgp.barrier,
      ...unlessCounted(before, { paths: [...bgp.paths.values()], foreignPaths: [...bgp.foreign] }),
      peers: [...bgp.sessions.values()].map(({ peer, state }) => ({
        address: peer.address,
        asn: peer.asn,
        hold: peer.hold,
        keepalive: peer.keepalive,
        families: peer.families,
        localAddress: peer.localAddress,
        gracefulRestart: peer.gracefulRestart,
        protection: protectionOf(peer),
        ours: true,
        state,
      })),
    };
  }

  stillSent(prefixes: readonly Prefix[], peers: readonly Address[]): readonly Prefix[] {
    return prefixes.filter((prefix) => peers.some((peer) => this.bgp?.sessions.get(peer)?.sent.has(prefix)));
  }

  watch(heard: () => void): { stop(): void } {
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
    this.tell();
  }

  /** The router's side of a session broke, or packets pass no more and the hold timer has run out. */
  sessionLost(peer: Address): void {
    const session = this.bgp?.sessions.get(peer);
    if (session?.state !== 'established') return;
    session.state = 'active';
    session.sent.clear();
    this.wire.closed(peer);
    this.tell();
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
    this.tell();
  }

  /** Somebody's SetPolicies: no policy is left, and GoBGP's default accepts. */
  barrierDropped(): void {
    if (!this.bgp) return;
    this.bgp.barrier = { state: 'wrong', detail: 'no default reject' };
    this.tell();
  }

  pathsDropped(): void {
    const { bgp } = this;
    if (!bgp) return;
    for (const prefix of [...bgp.paths.keys()]) this.withdraw(bgp, prefix);
    this.tell();
  }

  peersDropped(): void {
    const { bgp } = this;
    if (!bgp) return;
    for (const address of [...bgp.sessions.keys()]) this.deletePeer(bgp, address);
    this.tell();
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
          if (path.largeCommunities.length === 0) this.violate(`untagged: ${path.prefix}`);
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
      this.tell();
    });
  }

  private died(): void {
    const sessions = [...(this.bgp?.sessions.values() ?? [])];
    this.bgp = undefined;
    for (const { peer, state } of sessions) if (state === 'established') this.wire.closed(peer.address);
    this.tell();
  }

  private tell(): void {
    this.changed();
    if (!this.mute) for (const heard of this.watchers) heard();
  }

  private violate(text: string): void {
    this.violations.push(text);
  }
}
