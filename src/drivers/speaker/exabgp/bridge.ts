/**
 * The barrier in front of ExaBGP, which has none of its own: the only process
 * that tells it what to announce.
 *
 * Invariants: no announcement of a prefix outside the allow-list is ever
 * written, and without a list none at all; what the daemon is seen to send
 * outside of it is taken back at once; operations run one at a time. The list
 * lives as long as this process: one that starts again announces nothing new
 * until it has been given a list, and takes nothing back either.
 *
 * The table is the local RIB (RFC 4271 3.2), which ExaBGP does not have: each
 * neighbour is given what it is to hold. A bridge that starts takes over what
 * the daemon's neighbours hold.
 */
import type { Address, Prefix } from '../../../model/address.js';
import type { Path, Peer, SpeakerOp } from '../../../model/path.js';
import { same } from '../../../model/same.js';
import { type Doubt, SpeakerError } from '../../../ports/speaker.js';
import { checkPath, checkPrefix } from '../check-path.js';
import { AdjRibOut } from './adj-rib-out.js';
import { readPath } from './attributes.js';
import { announceLines, Changes, flush, SHOW_ADJ_RIB_OUT, withdrawLines } from './commands.js';
import type { Dialogue } from './dialogue.js';
import type { Event } from './events.js';
import { Enrolment } from './enrolment.js';
import { checkNeighbor, sameNeighbor } from './neighbor.js';
import type { Roll, Roster } from './roster.js';
import { type Held, type Neighbor, readHeld } from './show.js';
import { LocalRib } from './local-rib.js';
import { foreignIn, type Seen, seenPeer } from './seen.js';

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
type Ours = (path: Path) => boolean;
type Kind = Exclude<SpeakerOp['kind'], 'add-peer' | 'delete-peer'>;
type Executors = { readonly [K in Kind]: (op: Extract<SpeakerOp, { kind: K }>) => Promise<void> };

/** An UPDATE that does not come for this long is asked for; milliseconds. */
const QUIET_MS = 1_000;
const ASK_AGAIN_MS = 5_000;
const NO_PORT = -1;

export class Bridge {
  readonly #parts: BridgeParts;
  readonly #local = new LocalRib();
  #identity: Identity | undefined;
  #ribs = new Map<Address, AdjRibOut>();
  /** What had been let out by others and was taken back, until somebody has been told. */
  readonly #struck = new Map<Prefix, string>();
  /** An operation failed half-way: what the daemon holds is not what it was given. */
  #unsure = false;
  #alone: Promise<unknown> = Promise.resolve();
  #movedAt = 0;
  #askedAt = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(parts: BridgeParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.#nudge(), QUIET_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Takes over what the daemon's neighbours hold. Before anything else. */
  open(): Promise<void> {
    return this.#one(async () => {
      const held = await this.#readBack();
      for (const rib of this.#ribs.values()) {
        for (const [prefix, text] of held.routes.get(rib.neighbor.peer.address) ?? []) {
          const path = readPath(prefix, text, { localAsn: rib.neighbor.localAsn, asn: rib.neighbor.peer.asn });
          if (path && !this.#local.has(prefix)) this.#local.set(path);
          // Given in a session that we have not seen begin: sent, for all we know.
          if (rib.isEstablished) rib.sent.set(prefix, text);
        }
      }
      for (const rib of this.#ribs.values()) rib.read(rib.given, this.#wanted(rib));
    });
  }

  /** Everything, read back from the daemon. */
  observe(ours: Ours): Promise<Seen> {
    return this.#one(async () => {
      await this.#readBack();
      return this.#seen(this.#local.paths(), ours);
    });
  }

  /** Sessions, and these paths as they were given; the daemon is not asked for its routes. */
  recheck(doubted: readonly Prefix[], ours: Ours): Promise<Seen> {
    return this.#one(async () => {
      if (this.#unsure) await this.#readBack();
      else this.#enroll(await this.#parts.roster.read());
      return this.#seen([...doubted].sort().flatMap((prefix) => this.#local.get(prefix) ?? []), ours);
    });
  }

  /** In order, up to the first failure. Peers that follow one another come and go in one reload. */
  apply(ops: readonly SpeakerOp[], ours: Ours): Promise<void> {
    return this.#one(async () => {
      if (this.#unsure) await this.#readBack();
      const enrolment = new Enrolment(this.#neighbors());
      for (const op of ops) {
        if (op.kind === 'add-peer') enrolment.add(this.#neighborOf(op.peer));
        else if (op.kind === 'delete-peer') enrolment.delete(op.address);
        else {
          await this.#enrol(enrolment);
          await this.#execute(op, ours);
        }
      }
      await this.#enrol(enrolment);
    });
  }

  stillSent(prefixes: readonly Prefix[], peers: readonly Address[]): readonly Prefix[] {
    const ribs = [...this.#ribs.values()].filter((rib) => rib.isEstablished && peers.includes(rib.neighbor.peer.address));
    return prefixes.filter((prefix) => ribs.some((rib) => rib.sent.has(prefix) || rib.given.has(prefix))).sort();
  }

  /** What the daemon said unasked. */
  take(event: Event): void {
    if (event.kind === 'nothing') return;
    const rib = event.kind === 'unreadable' ? undefined : this.#ribs.get(event.peer);
    if (event.kind === 'unreadable' || !rib) return this.#parts.wake('everything');
    if (event.kind === 'sent') return this.#told(rib, event);
    if (event.kind === 'up') {
      rib.up();
      // Which families it carries is asked for.
      this.#background(async () => this.#enroll(await this.#parts.roster.read()));
    } else {
      const late = rib.down();
      this.#background(() => this.#settle(late));
    }
    this.#parts.wake({ prefixes: [] });
  }

  #told(rib: AdjRibOut, { announced, withdrawn }: Extract<Event, { kind: 'sent' }>): void {
    this.#movedAt = performance.now();
    const late: Prefix[] = [];
    const forbidden: Prefix[] = [];
    let unexpected = false;
    const told = (prefix: Prefix, text: string | undefined): void => {
      const before = rib.given.get(prefix);
      const verdict = rib.told(prefix, text);
      if (verdict.late) late.push(prefix);
      if (verdict.expected) return;
      unexpected = true;
      if (text === undefined || before !== undefined) return;
      // Nobody here gave it.
      rib.given.set(prefix, text);
      rib.astray.add(prefix);
      if (this.#local.isForbidden(prefix)) forbidden.push(prefix);
    };
    for (const [prefix, text] of announced) told(prefix, text);
    for (const prefix of withdrawn) told(prefix, undefined);
    if (unexpected) this.#unsure = true;
    if (forbidden.length > 0) this.#background(() => this.#strike(forbidden));
    if (late.length > 0) this.#background(() => this.#settle(late));
    this.#parts.wake(unexpected ? 'everything' : { prefixes: [...announced.map(([prefix]) => prefix), ...withdrawn] });
  }

  async #execute<K extends Kind>(op: Extract<SpeakerOp, { kind: K }>, ours: Ours): Promise<void> {
    const executors: Executors = {
      start: async ({ asn, routerId, listenPort }) => this.#start({ asn, routerId, listenPort }),
      'install-barrier': async ({ allow }) => {
        for (const prefix of allow) checkPrefix(prefix);
        this.#local.allowOnly(allow);
        await this.#strike([...this.#given()].filter((prefix) => this.#local.isForbidden(prefix)));
      },
      allow: async ({ prefixes }) => {
        for (const prefix of prefixes) checkPrefix(prefix);
        this.#local.allow(prefixes);
      },
      disallow: async ({ prefixes }) => {
        for (const prefix of prefixes) this.#local.delete(prefix);
        await this.#settle(prefixes);
        this.#local.disallow(prefixes);
      },
      announce: async ({ paths }) => {
        for (const path of paths) checkPath(path);
        this.#local.announce(paths);
        await this.#settle(paths.map(({ prefix }) => prefix));
      },
      withdraw: async ({ prefixes }) => {
        for (const prefix of prefixes) this.#local.delete(prefix);
        await this.#settle(prefixes);
      },
      'delete-foreign': async ({ prefix: text }) => {
        const prefix = text as Prefix;
        const path = this.#local.get(prefix);
        if (path && !ours(path)) this.#local.delete(prefix);
        this.#struck.delete(prefix);
        await this.#settle([prefix]);
      },
    };
    await (executors[op.kind] as (op: Extract<SpeakerOp, { kind: K }>) => Promise<void>)(op);
  }

  #start(identity: Identity): void {
    const now = this.#whoWeAre();
    if (now && !same(now, { ...identity, listenPort: this.#identity?.listenPort ?? now.listenPort })) {
      throw new SpeakerError('not-ours', `exabgp runs as AS ${now.asn} with router id ${now.routerId} already`);
    }
    if (this.#identity && this.#identity.listenPort !== identity.listenPort) {
      throw new SpeakerError('not-ours', `exabgp was started with port ${this.#identity.listenPort} already`);
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
    if (!enrolment.isChanged) return;
    await this.#reload(enrolment.take());
    await this.#settle([...this.#local.prefixes()]);
  }

  async #reload(neighbors: readonly Neighbor[]): Promise<void> {
    this.#unsure = true;
    const roll = await this.#parts.roster.replace(this.#neighbors(), neighbors);
    this.#enroll(roll);
    for (const rib of this.#ribs.values()) rib.resending();
    this.#unsure = false;
  }

  #neighbors(): readonly Neighbor[] {
    return [...this.#ribs.values()].map(({ neighbor }) => neighbor);
  }

  /** From what the daemon shows, where it shows something. */
  #whoWeAre(): Identity | undefined {
    const [first] = this.#neighbors();
    const listenPort = this.#identity?.listenPort ?? NO_PORT;
    return first ? { asn: first.localAsn, routerId: first.routerId, listenPort } : this.#identity;
  }

  #wanted(rib: AdjRibOut): (prefix: Prefix) => string | undefined {
    return (prefix) => this.#local.textFor(prefix, rib.neighbor);
  }

  *#given(): Generator<Prefix> {
    for (const rib of this.#ribs.values()) yield* rib.given.keys();
  }

  /** Gives every neighbour what the table says of these prefixes. */
  async #settle(prefixes: readonly Prefix[]): Promise<void> {
    const [withdraw, announce] = [new Changes(), new Changes()];
    for (const rib of this.#ribs.values()) rib.change(prefixes, this.#wanted(rib), withdraw, announce);
    await this.#tell(withdraw, announce);
  }

  /** Takes back what is not allowed, wherever it stands. */
  async #strike(prefixes: readonly Prefix[]): Promise<void> {
    if (prefixes.length === 0) return;
    for (const prefix of prefixes) {
      this.#local.delete(prefix);
      this.#struck.set(prefix, 'was not allowed, and has been taken back');
    }
    this.#parts.log(`not allowed, and taken back: ${prefixes.slice(0, 20).join(', ')}`);
    const withdraw = new Changes();
    for (const rib of this.#ribs.values()) {
      const { address } = rib.neighbor.peer;
      for (const prefix of prefixes) {
        withdraw.add(address, prefix, rib.given.get(prefix) ?? '');
        rib.given.delete(prefix);
        rib.astray.delete(prefix);
      }
    }
    await this.#tell(withdraw, new Changes());
    this.#parts.wake('everything');
  }

  /** The one place where anything is written that announces. */
  async #tell(withdraw: Changes, announce: Changes): Promise<void> {
    const announcing = [...announce];
    const outside = announcing.flatMap(({ prefixes }) => prefixes).find((prefix) => !this.#local.isAllowed(prefix));
    if (outside !== undefined) throw new SpeakerError('barrier-not-held', `${outside} is not allowed`);
    const lines = [...[...withdraw].flatMap(withdrawLines), ...announcing.flatMap(announceLines)];
    if (lines.length === 0) return;
    this.#movedAt = performance.now();
    this.#unsure = true;
    await this.#parts.dialogue.askAll(lines);
    this.#unsure = false;
  }

  async #readBack(): Promise<Held> {
    const [roll, lines] = await Promise.all([
      this.#parts.roster.read(),
      this.#parts.dialogue.ask(SHOW_ADJ_RIB_OUT),
    ]);
    const held = readHeld(lines);
    this.#enroll(roll);
    for (const rib of this.#ribs.values()) {
      rib.read(held.routes.get(rib.neighbor.peer.address) ?? new Map<Prefix, string>(), this.#wanted(rib));
      rib.miss(this.#local.prefixes());
    }
    this.#local.strange = held.strange;
    this.#unsure = false;
    return held;
  }

  /** The neighbours as the daemon shows them; what is known of those that stay stands. */
  #enroll({ neighbors, sessions }: Roll): void {
    const before = this.#ribs;
    this.#ribs = new Map(
      neighbors.map((neighbor) => {
        const known = before.get(neighbor.peer.address);
        const rib = known && sameNeighbor(known.neighbor.peer, neighbor.peer) ? known : new AdjRibOut(neighbor);
        rib.look(sessions.get(neighbor.peer.address));
        return [neighbor.peer.address, rib];
      }),
    );
  }

  #seen(paths: readonly Path[], ours: Ours): Seen {
    const identity = this.#whoWeAre();
    if (!identity) return { state: 'not-started' };
    const ribs = [...this.#ribs.values()];
    const untagged = this.#local.others(ours);
    return {
      state: 'started',
      ...identity,
      barrier: this.#local.barrier(ribs),
      paths: paths.filter(ours),
      count: this.#local.size - untagged.length,
      foreign: foreignIn(ribs, untagged, this.#struck),
      peers: ribs.map(seenPeer).sort((a, b) => (a.address < b.address ? -1 : 1)),
    };
  }

  /** An UPDATE that should have gone out long ago: asks for it again. */
  #nudge(): void {
    const now = performance.now();
    if (now < this.#movedAt + QUIET_MS || now < this.#askedAt + ASK_AGAIN_MS) return;
    const open = [...this.#ribs.values()].filter((rib) => rib.isEstablished && rib.underWay.size > 0);
    if (open.length === 0) return;
    this.#askedAt = now;
    this.#background(async () => {
      for (const rib of open) {
        const { address } = rib.neighbor.peer;
        const [withdraw, prefixes] = [new Changes(), [...rib.underWay]];
        for (const prefix of prefixes) if (!rib.given.has(prefix)) withdraw.add(address, prefix, '');
        this.#parts.log(`${address}: ${prefixes.length} prefixes are late on the wire; asked for again`);
        await this.#tell(withdraw, new Changes());
        if (prefixes.some((prefix) => rib.given.has(prefix))) await this.#parts.dialogue.ask(flush(address));
      }
    });
  }

  #background(work: () => Promise<void>): void {
    this.#one(work).catch((error: unknown) => {
      this.#unsure = true;
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
