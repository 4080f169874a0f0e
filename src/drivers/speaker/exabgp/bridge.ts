/**
 * The barrier in front of ExaBGP, which has none of its own: the only process
 * that tells it what to announce.
 *
 * Invariants: without an allow-list nothing is announced, and with one nothing
 * outside of it; what the daemon is seen to send outside of it is taken back
 * at once; operations run one at a time. The list lives as long as this
 * process: one that starts again announces nothing new until it has been given
 * a list, and takes nothing back either.
 *
 * The table is the local RIB (RFC 4271 3.2), which ExaBGP does not have: each
 * neighbour is given what it is to hold. A bridge that starts takes over what
 * the daemon's neighbours hold.
 */
import type { Address, Prefix } from '../../../model/address.js';
import type { Path, Peer, SpeakerOp } from '../../../model/path.js';
import { type Doubt, SpeakerError } from '../../../ports/speaker.js';
import { checkPaths, checkPrefix } from '../check-path.js';
import { readPath } from './attributes.js';
import type { Dialogue } from './dialogue.js';
import { Enrolment } from './enrolment.js';
import type { Event } from './events.js';
import { LocalRib } from './local-rib.js';
import { checkNeighbor } from './neighbor.js';
import { Neighborhood } from './neighborhood.js';
import type { Roster } from './roster.js';
import { foreignIn, type Seen, seenPeer } from './seen.js';
import type { Neighbor } from './show.js';

export interface BridgeParts {
  readonly dialogue: Dialogue;
  readonly roster: Roster;
  readonly log: (line: string) => void;
  readonly wake: (doubt: Doubt) => void;
}

/** The port is only what was asked for: this daemon never listens. */
interface Identity {
  readonly asn: number;
  readonly routerId: Address;
  readonly listenPort: number;
}

/** Whether a path is one of this server's. */
export type Ours = (path: Path) => boolean;

type TableOp = Exclude<SpeakerOp, { kind: 'add-peer' | 'delete-peer' }>;
type Kind = TableOp['kind'];
type Executors = { readonly [K in Kind]: (op: Extract<TableOp, { kind: K }>, ours: Ours) => void | Promise<void> };

/** An UPDATE that does not come for this long is asked for again, and then seldomer; milliseconds. */
const QUIET_MS = 1_000;
const URGE_AGAIN_MS = 5_000;
const NO_PORT = -1;

export class Bridge {
  readonly #parts: BridgeParts;
  readonly #local = new LocalRib();
  readonly #around: Neighborhood;
  #identity: Identity | undefined;
  /** What others had let out and was taken back, until somebody has been told. */
  readonly #struck = new Map<Prefix, string>();
  #alone: Promise<unknown> = Promise.resolve();
  #movedAt = 0;
  #urgedAt = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(parts: BridgeParts) {
    this.#parts = parts;
    this.#around = new Neighborhood(parts.dialogue, parts.roster, this.#local);
    this.#timer = setInterval(() => this.#tick(), QUIET_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Takes over what the daemon's neighbours hold. Before anything else. */
  open(): Promise<void> {
    return this.#one(async () => {
      await this.#around.read();
      for (const { given, sent, isEstablished, neighbor } of this.#around.ribs) {
        for (const [prefix, text] of given) {
          const path = readPath(prefix, text, { localAsn: neighbor.localAsn, asn: neighbor.peer.asn });
          if (path && !this.#local.has(prefix)) this.#local.set(path);
          // Given in a session that we have not seen begin: sent, for all we know.
          if (isEstablished) sent.set(prefix, text);
        }
      }
    });
  }

  /** Everything, read back from the daemon. */
  observe(ours: Ours): Promise<Seen> {
    return this.#one(async () => {
      await this.#around.read();
      return this.#seen(this.#local.paths(), ours);
    });
  }

  /** Sessions, and these paths as they were given: the daemon is not asked for its routes unless there is doubt about them. */
  recheck(doubted: readonly Prefix[], ours: Ours): Promise<Seen> {
    return this.#one(async () => {
      await this.#around.look();
      return this.#seen(
        [...doubted].sort().flatMap((prefix) => this.#local.get(prefix) ?? []),
        ours,
      );
    });
  }

  /** In order, up to the first failure. Peers that follow one another come and go in one reload. */
  apply(ops: readonly SpeakerOp[], ours: Ours): Promise<void> {
    return this.#one(async () => {
      await this.#around.beSure();
      const enrolment = new Enrolment(this.#around.neighbors);
      try {
        for (const op of ops) {
          if (op.kind === 'add-peer') enrolment.add(this.#neighborOf(op.peer));
          else if (op.kind === 'delete-peer') enrolment.delete(op.address);
          else {
            await this.#enrol(enrolment);
            await this.#execute(op, ours);
          }
        }
      } finally {
        await this.#enrol(enrolment);
      }
    });
  }

  stillSent(prefixes: readonly Prefix[], peers: readonly Address[]): readonly Prefix[] {
    const ribs = this.#around.ribs.filter((rib) => rib.isEstablished && peers.includes(rib.neighbor.peer.address));
    return prefixes.filter((prefix) => ribs.some((rib) => rib.sent.has(prefix) || rib.given.has(prefix))).sort();
  }

  /** What the daemon said unasked. */
  take(event: Event): void {
    const reaction = this.#around.take(event);
    if (!reaction) return;
    this.#movedAt = performance.now();
    const { wake, forbidden, look } = reaction;
    if (forbidden.length > 0) this.#background(() => this.#strike(forbidden));
    if (look) this.#background(() => this.#around.look());
    if (this.#around.isDue) this.#background(() => this.#around.settleDue());
    this.#parts.wake(wake);
  }

  readonly #executors: Executors = {
    start: ({ asn, routerId, listenPort }) => this.#start({ asn, routerId, listenPort }),
    'install-barrier': async ({ allow }) => {
      for (const prefix of allow) checkPrefix(prefix);
      this.#local.allowOnly(allow);
      await this.#around.takeBack(this.#around.outside());
    },
    allow: ({ prefixes }) => {
      for (const prefix of prefixes) checkPrefix(prefix);
      this.#local.allow(prefixes);
    },
    disallow: async ({ prefixes }) => {
      for (const prefix of prefixes) this.#local.delete(prefix);
      await this.#around.takeBack(prefixes);
      this.#local.disallow(prefixes);
    },
    announce: async ({ paths }) => {
      checkPaths(paths);
      this.#local.announce(paths);
      await this.#around.settle(paths.map(({ prefix }) => prefix));
    },
    withdraw: async ({ prefixes }) => {
      for (const prefix of prefixes) this.#local.delete(prefix);
      await this.#around.settle(prefixes);
    },
    'delete-foreign': async ({ prefix: text }, ours) => {
      const prefix = text as Prefix;
      const path = this.#local.get(prefix);
      if (path && !ours(path)) this.#local.delete(prefix);
      this.#struck.delete(prefix);
      await this.#around.settle([prefix]);
    },
  };

  async #execute<K extends Kind>(op: Extract<TableOp, { kind: K }>, ours: Ours): Promise<void> {
    await this.#executors[op.kind](op, ours);
  }

  #start(identity: Identity): void {
    const now = this.#whoWeAre();
    const differs = (field: keyof Identity): boolean => now !== undefined && now[field] !== identity[field];
    // Whoever takes a bridge over that has been started again knows the port; the bridge does not.
    if (differs('asn') || differs('routerId') || (this.#identity !== undefined && differs('listenPort'))) {
      throw new SpeakerError('not-ours', `exabgp runs as AS ${now?.asn} with router id ${now?.routerId} already`);
    }
    this.#identity = identity;
  }

  /** As it is configured. Throws SpeakerError unless it may be: not before there is a barrier. */
  #neighborOf(peer: Peer): Neighbor {
    const identity = this.#whoWeAre();
    if (!identity) throw new SpeakerError('rejected', `peer ${peer.address}: BGP is not started`);
    checkNeighbor(peer, identity.asn);
    this.#local.requireBarrier();
    return { peer, localAsn: identity.asn, routerId: identity.routerId, ours: true };
  }

  async #enrol(enrolment: Enrolment): Promise<void> {
    if (enrolment.isChanged) await this.#around.replace(enrolment.take());
  }

  /** From what the daemon shows, where it shows something. */
  #whoWeAre(): Identity | undefined {
    const [first] = this.#around.neighbors;
    const listenPort = this.#identity?.listenPort ?? NO_PORT;
    return first ? { asn: first.localAsn, routerId: first.routerId, listenPort } : this.#identity;
  }

  /** Takes back what somebody else has let out, and keeps it to be told. */
  async #strike(prefixes: readonly Prefix[]): Promise<void> {
    for (const prefix of prefixes) this.#struck.set(prefix, 'was not allowed, and has been taken back');
    this.#parts.log(`not allowed, and taken back: ${prefixes.slice(0, 20).join(', ')}`);
    await this.#around.takeBack(prefixes);
    this.#parts.wake('everything');
  }

  #seen(paths: readonly Path[], ours: Ours): Seen {
    const identity = this.#whoWeAre();
    if (!identity) return { state: 'not-started' };
    const { ribs } = this.#around;
    const others = this.#local.others(ours);
    return {
      state: 'started',
      ...identity,
      barrier: this.#local.barrier(ribs),
      paths: paths.filter(ours),
      count: this.#local.size - others.length,
      foreign: foreignIn(ribs, others, this.#struck),
      peers: ribs.map(seenPeer).sort((a, b) => (a.address < b.address ? -1 : 1)),
    };
  }

  #tick(): void {
    if (this.#around.isDue) this.#background(() => this.#around.settleDue());
    const now = performance.now();
    if (now < this.#movedAt + QUIET_MS || now < this.#urgedAt + URGE_AGAIN_MS) return;
    this.#urgedAt = now;
    this.#background(async () => {
      const count = await this.#around.urge();
      if (count > 0) this.#parts.log(`${count} prefixes are late on the wire; asked for again`);
    });
  }

  #background(work: () => Promise<void>): void {
    this.#one(work).catch((error: unknown) => {
      this.#parts.log(error instanceof Error ? error.message : String(error));
      this.#parts.wake('everything');
    });
  }

  #one<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#alone.then(work, work);
    this.#alone = done.catch(() => undefined);
    return done;
  }
}
