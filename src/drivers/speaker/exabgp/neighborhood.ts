/**
 * All neighbours' Adj-RIBs-Out, and the only place from which the daemon is
 * told what to announce.
 *
 * Invariants: no line that announces names a prefix outside the allow-list;
 * after a failure nothing is believed until the daemon has been read again.
 */
import type { Address, Prefix } from '../../../model/address.js';
import { type Doubt, SpeakerError } from '../../../ports/speaker.js';
import { AdjRibOut, type Wanted } from './adj-rib-out.js';
import { announceLines, Changes, flush, SHOW_ADJ_RIB_OUT, withdrawLines } from './commands.js';
import type { Dialogue } from './dialogue.js';
import type { Event } from './events.js';
import type { LocalRib } from './local-rib.js';
import { sameNeighbor } from './neighbor.js';
import type { Roll, Roster } from './roster.js';
import { type HeldRoutes, type Neighbor, readHeld } from './show.js';

/** What an event asks for. */
export interface Reaction {
  readonly wake: Doubt;
  /** Seen to leave, and not allowed. */
  readonly forbidden: readonly Prefix[];
  /** A session has come up: what it carries has to be asked for. */
  readonly look: boolean;
}

const NOTHING: HeldRoutes = new Map();
const LOOK_AT_ALL: Reaction = { wake: 'everything', forbidden: [], look: false };

export class Neighborhood {
  #ribs: ReadonlyMap<Address, AdjRibOut> = new Map();
  /** What the daemon holds may not be what it was given. */
  #unsure = true;

  constructor(
    private readonly dialogue: Dialogue,
    private readonly roster: Roster,
    private readonly local: LocalRib,
  ) {}

  get ribs(): readonly AdjRibOut[] {
    return [...this.#ribs.values()];
  }

  get neighbors(): readonly Neighbor[] {
    return this.ribs.map(({ neighbor }) => neighbor);
  }

  /** Something waits for nothing any more. */
  get isDue(): boolean {
    return this.ribs.some((rib) => rib.due.length > 0);
  }

  /** Reads everything back when there is doubt about it. */
  async beSure(): Promise<void> {
    if (this.#unsure) await this.read();
  }

  /** Reads sessions and, when there is doubt about them, routes. */
  async look(): Promise<void> {
    if (this.#unsure) await this.read();
    else this.#enroll(await this.roster.read());
  }

  /** Reads everything back. */
  async read(): Promise<void> {
    const [roll, lines] = await Promise.all([this.roster.read(), this.dialogue.ask(SHOW_ADJ_RIB_OUT)]);
    const { routes, strange } = readHeld(lines);
    this.#enroll(roll);
    for (const rib of this.#ribs.values()) {
      rib.read(routes.get(rib.neighbor.peer.address) ?? NOTHING, this.local.prefixes(), this.#wanted(rib));
    }
    this.local.strange = strange;
    this.#unsure = false;
  }

  /** Gives every neighbour what the table says of these prefixes. */
  async settle(prefixes: Iterable<Prefix>): Promise<void> {
    const [withdraw, announce] = [new Changes(), new Changes()];
    for (const rib of this.#ribs.values()) rib.change(prefixes, this.#wanted(rib), withdraw, announce);
    await this.#tell(withdraw, announce);
  }

  /** As `settle`, of what has waited. */
  async settleDue(): Promise<void> {
    const [withdraw, announce] = [new Changes(), new Changes()];
    for (const rib of this.#ribs.values()) rib.change(rib.due, this.#wanted(rib), withdraw, announce);
    await this.#tell(withdraw, announce);
  }

  /** Takes prefixes back wherever they stand. */
  async takeBack(prefixes: readonly Prefix[]): Promise<void> {
    const withdraw = new Changes();
    for (const rib of this.#ribs.values()) rib.takeBack(prefixes, withdraw);
    await this.#tell(withdraw, new Changes());
  }

  /** What stands somewhere outside the allow-list. */
  outside(): readonly Prefix[] {
    const found = new Set<Prefix>();
    for (const rib of this.#ribs.values()) {
      for (const prefix of rib.given.keys()) if (this.local.isForbidden(prefix)) found.add(prefix);
    }
    return [...found];
  }

  /** Replaces the neighbours. The daemon sends everything again to those that stay. */
  async replace(neighbors: readonly Neighbor[]): Promise<void> {
    this.#unsure = true;
    for (const rib of this.#ribs.values()) rib.resending();
    await this.roster.replace(this.neighbors, neighbors);
    await this.read();
    await this.settle([...this.local.prefixes()]);
  }

  /** What the daemon said unasked. */
  take(event: Event): Reaction | undefined {
    if (event.kind === 'nothing') return undefined;
    const rib = event.kind === 'unreadable' ? undefined : this.#ribs.get(event.peer);
    if (event.kind === 'unreadable' || !rib) return LOOK_AT_ALL;
    if (event.kind === 'sent') return this.#told(rib, event);
    if (event.kind === 'up') rib.up();
    else rib.down();
    return { wake: { prefixes: [] }, forbidden: [], look: event.kind === 'up' };
  }

  /** Asks again for UPDATEs that have not come. Resolves to how many prefixes they are about. */
  async urge(): Promise<number> {
    let count = 0;
    for (const rib of this.#ribs.values()) {
      const prefixes = rib.isEstablished ? [...rib.open] : [];
      if (prefixes.length === 0) continue;
      count += prefixes.length;
      const { address } = rib.neighbor.peer;
      const withdraw = new Changes();
      for (const prefix of prefixes) if (!rib.given.has(prefix)) withdraw.add(address, prefix, '');
      await this.#tell(withdraw, new Changes());
      if (prefixes.some((prefix) => rib.given.has(prefix))) await this.dialogue.ask(flush(address));
    }
    return count;
  }

  #told(rib: AdjRibOut, { announced, withdrawn }: Extract<Event, { kind: 'sent' }>): Reaction {
    const forbidden: Prefix[] = [];
    let foreign = false;
    for (const [prefix, text] of announced) {
      if (rib.told(prefix, text) === 'ours') continue;
      foreign = true;
      if (rib.given.has(prefix)) continue;
      // Nobody here gave it.
      rib.given.set(prefix, text);
      rib.astray.add(prefix);
      if (this.local.isForbidden(prefix)) forbidden.push(prefix);
    }
    for (const prefix of withdrawn) foreign = rib.told(prefix, undefined) === 'foreign' || foreign;
    if (foreign) this.#unsure = true;
    const named = [...announced.map(([prefix]) => prefix), ...withdrawn];
    return { wake: foreign ? 'everything' : { prefixes: named }, forbidden, look: false };
  }

  #wanted(rib: AdjRibOut): Wanted {
    return (prefix) => this.local.textFor(prefix, rib.neighbor);
  }

  async #tell(withdraw: Changes, announce: Changes): Promise<void> {
    const announcing = [...announce];
    try {
      const outside = announcing.flatMap(({ prefixes }) => prefixes).find((prefix) => !this.local.isAllowed(prefix));
      if (outside !== undefined) throw new SpeakerError('barrier-not-held', `${outside} is not allowed`);
      await this.dialogue.askAll([...[...withdraw].flatMap(withdrawLines), ...announcing.flatMap(announceLines)]);
    } catch (error) {
      this.#unsure = true;
      throw error;
    }
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
}
