/**
 * What one neighbour has been given, and what it has been sent.
 *
 * Invariants: `given` is what the daemon keeps for the neighbour, whether or
 * not a session is up, and sends again with each new one. The daemon sorts
 * what it has not sent yet by attributes and not by age, so of two
 * announcements of a prefix, or of a withdrawal and an announcement after it,
 * the older could go out last (ExaBGP 4.2.21, rib/outgoing.py): while a session
 * is up, an announcement waits until what is under way has passed; while none
 * is, the prefix is taken back first. A withdrawal never waits: it drops the
 * one announcement that could be left.
 */
import { familyOf, type Prefix } from '../../../model/address.js';
import type { SessionState } from '../../../model/path.js';
import type { Changes } from './commands.js';
import type { HeldRoutes, Neighbor, Session } from './show.js';

/** What shall be given, as `attributesText`. */
export type Wanted = (prefix: Prefix) => string | undefined;

/** `ours`: an UPDATE told what was given; `foreign`: something else. */
export type Origin = 'ours' | 'foreign';

export class AdjRibOut {
  given = new Map<Prefix, string>();
  /** As its UPDATEs told, in this session. */
  readonly sent = new Map<Prefix, string>();
  state: SessionState = 'unknown';
  /** What is given and not what is wanted, although nothing waits: somebody else's doing. */
  readonly astray = new Set<Prefix>();
  /** No UPDATE has told yet of what is given; with what was given before, which may still pass. */
  readonly #underWay = new Map<Prefix, string | undefined>();
  /** The last UPDATE told something else than is held: what is held has to come once more. */
  readonly #overtaken = new Set<Prefix>();
  /** Wanted otherwise, once what is under way has passed. */
  readonly #late = new Set<Prefix>();
  #negotiated: Session['negotiated'] = [];

  constructor(readonly neighbor: Neighbor) {}

  get isEstablished(): boolean {
    return this.state === 'established';
  }

  /** What is given and has not come, or not come last. */
  get open(): ReadonlySet<Prefix> {
    return new Set([...this.#underWay.keys(), ...this.#overtaken]);
  }

  /** What waits for nothing any more. */
  get due(): readonly Prefix[] {
    return [...this.#late].filter((prefix) => !this.#underWay.has(prefix));
  }

  carries(prefix: Prefix): boolean {
    return this.neighbor.peer.families.includes(familyOf(prefix));
  }

  /** Notes what has to be taken back and what announced so that these prefixes are as wanted, and counts on both being done. */
  change(prefixes: Iterable<Prefix>, wanted: Wanted, withdraw: Changes, announce: Changes): void {
    const { address } = this.neighbor.peer;
    for (const prefix of prefixes) {
      const [now, then] = [this.given.get(prefix), this.carries(prefix) ? wanted(prefix) : undefined];
      this.astray.delete(prefix);
      this.#late.delete(prefix);
      if (now === then) continue;
      if (then !== undefined && this.#underWay.has(prefix)) {
        this.#late.add(prefix);
        continue;
      }
      if (now !== undefined && (then === undefined || !this.isEstablished)) withdraw.add(address, prefix, now);
      if (then === undefined) this.given.delete(prefix);
      else {
        announce.add(address, prefix, then);
        this.given.set(prefix, then);
      }
      this.#overtaken.delete(prefix);
      this.#expect(prefix, now);
    }
  }

  /** Notes that these prefixes have to be taken back, whatever is wanted. */
  takeBack(prefixes: Iterable<Prefix>, withdraw: Changes): void {
    this.change(prefixes, () => undefined, withdraw, withdraw);
  }

  /** A session has come up: everything given is on its way. */
  up(): void {
    this.state = 'established';
    this.sent.clear();
    this.resending();
  }

  down(): void {
    this.state = 'idle';
    this.sent.clear();
    this.#underWay.clear();
    this.#overtaken.clear();
  }

  /** The daemon sends again all that it holds. */
  resending(): void {
    if (this.isEstablished) for (const [prefix, text] of this.given) this.#expect(prefix, text);
  }

  /** What the daemon says of the session. */
  look(session: Session | undefined): void {
    this.state = session?.state ?? 'unknown';
    this.#negotiated = session?.negotiated ?? [];
    if (!this.isEstablished) for (const set of [this.#underWay, this.#overtaken]) set.clear();
    // A family that the peer does not carry is never sent.
    for (const prefix of this.#underWay.keys()) if (!this.#isCarried(prefix)) this.#underWay.delete(prefix);
  }

  /** An UPDATE has told of this prefix; without attributes, of its withdrawal. */
  told(prefix: Prefix, attributes: string | undefined): Origin {
    if (attributes === undefined) this.sent.delete(prefix);
    else this.sent.set(prefix, attributes);
    if (this.given.get(prefix) === attributes) {
      this.#underWay.delete(prefix);
      this.#overtaken.delete(prefix);
      return 'ours';
    }
    if (this.#underWay.has(prefix) && this.#underWay.get(prefix) === attributes) return 'ours';
    this.#overtaken.add(prefix);
    return 'foreign';
  }

  /** Takes over what the daemon holds, as it was read, and notes what nobody here wanted like that. */
  read(held: HeldRoutes, table: Iterable<Prefix>, wanted: Wanted): void {
    this.given = new Map(held);
    this.astray.clear();
    const note = (prefix: Prefix): void => {
      const then = this.carries(prefix) ? wanted(prefix) : undefined;
      if (this.given.get(prefix) !== then && !this.#late.has(prefix)) this.astray.add(prefix);
    };
    for (const prefix of held.keys()) note(prefix);
    for (const prefix of table) note(prefix);
  }

  #isCarried(prefix: Prefix): boolean {
    return this.#negotiated.includes(familyOf(prefix));
  }

  #expect(prefix: Prefix, before: string | undefined): void {
    // Before both ends have said what they carry, anything may come.
    const mayCome = this.#negotiated.length === 0 || this.#isCarried(prefix);
    if (this.isEstablished && mayCome) this.#underWay.set(prefix, before);
  }
}
