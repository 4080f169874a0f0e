/**
 * What one neighbour has been given, and what it has been sent.
 *
 * Invariants: `given` is what the daemon keeps for the neighbour, whether or
 * not a session is up, and sends again with each new one. While a session is
 * up, a prefix has one change under way at a time: the daemon sorts what it
 * has not sent yet by attributes and not by age, so of two changes the older
 * could go out last (ExaBGP 4.2.21, rib/outgoing.py). Without a session the
 * same is avoided by taking the prefix back first.
 */
import { familyOf, type Prefix } from '../../../model/address.js';
import type { SessionState } from '../../../model/path.js';
import type { Changes } from './commands.js';
import type { HeldRoutes, Neighbor, Session } from './show.js';

export type Wanted = (prefix: Prefix) => string | undefined;

export class AdjRibOut {
  given = new Map<Prefix, string>();
  /** As its UPDATEs told, in this session. */
  sent = new Map<Prefix, string>();
  state: SessionState = 'unknown';
  /** What is given and not what is wanted, although nothing is under way: somebody else's doing. */
  readonly astray = new Set<Prefix>();
  /** Given in this session, and no UPDATE has told of it yet. */
  readonly #underWay = new Set<Prefix>();
  /** Wanted otherwise, once what is under way has passed. */
  readonly #late = new Set<Prefix>();
  #negotiated: Session['negotiated'] = [];

  constructor(readonly neighbor: Neighbor) {}

  get isEstablished(): boolean {
    return this.state === 'established';
  }

  get underWay(): ReadonlySet<Prefix> {
    return this.#underWay;
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
      if (this.#underWay.has(prefix)) {
        this.#late.add(prefix);
        continue;
      }
      if (now !== undefined && (then === undefined || !this.isEstablished)) withdraw.add(address, prefix, now);
      if (then === undefined) this.given.delete(prefix);
      else {
        announce.add(address, prefix, then);
        this.given.set(prefix, then);
      }
      this.#expect(prefix);
    }
  }

  /** A session has come up: everything given is on its way. */
  up(): void {
    this.state = 'established';
    this.sent.clear();
    this.resending();
  }

  /** Resolves to what had to wait for the session. */
  down(): readonly Prefix[] {
    this.state = 'idle';
    this.sent.clear();
    this.#underWay.clear();
    const late = [...this.#late];
    this.#late.clear();
    return late;
  }

  /** The daemon sends again all that it holds. */
  resending(): void {
    if (this.isEstablished) for (const prefix of this.given.keys()) this.#expect(prefix);
  }

  /** What the daemon says of the session. */
  look(session: Session | undefined): void {
    this.state = session?.state ?? 'unknown';
    this.#negotiated = session?.negotiated ?? [];
    if (!this.isEstablished) this.#underWay.clear();
    // A family that the peer does not carry is never sent.
    for (const prefix of this.#underWay) if (!this.#isCarried(prefix)) this.#underWay.delete(prefix);
  }

  /** An UPDATE has told of this prefix. `late`: another change waited for it; `expected`: it was ours. */
  told(prefix: Prefix, attributes: string | undefined): { readonly expected: boolean; readonly late: boolean } {
    if (attributes === undefined) this.sent.delete(prefix);
    else this.sent.set(prefix, attributes);
    if (this.given.get(prefix) !== attributes) return { expected: false, late: false };
    this.#underWay.delete(prefix);
    return { expected: true, late: this.#late.has(prefix) };
  }

  /** Takes over what the daemon holds, as it was read, and notes what nobody here wanted like that. */
  read(held: HeldRoutes, wanted: Wanted): void {
    this.given = new Map(held);
    this.astray.clear();
    const note = (prefix: Prefix): void => {
      const then = this.carries(prefix) ? wanted(prefix) : undefined;
      if (this.given.get(prefix) !== then && !this.#late.has(prefix)) this.astray.add(prefix);
    };
    for (const prefix of held.keys()) note(prefix);
  }

  /** Notes prefixes that are wanted and not there. */
  miss(prefixes: Iterable<Prefix>): void {
    for (const prefix of prefixes) {
      if (this.carries(prefix) && !this.given.has(prefix) && !this.#late.has(prefix)) this.astray.add(prefix);
    }
  }

  #isCarried(prefix: Prefix): boolean {
    return this.#negotiated.includes(familyOf(prefix));
  }

  #expect(prefix: Prefix): void {
    // Before both ends have said what they carry, anything may come.
    const mayCome = this.#negotiated.length === 0 || this.#isCarried(prefix);
    if (this.isEstablished && mayCome) this.#underWay.add(prefix);
  }
}
