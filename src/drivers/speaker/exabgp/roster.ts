/**
 * The neighbours. ExaBGP takes them from its configuration alone: a change is
 * a new file and a `reload`, which leaves the other sessions up but sends them
 * everything once more.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Address } from '../../../model/address.js';
import { SpeakerError } from '../../../ports/speaker.js';
import { RELOAD, SHOW_CONFIGURATION, SHOW_SESSIONS } from './commands.js';
import type { Dialogue } from './dialogue.js';
import { type Neighbor, readNeighbors, readSessions, type Session } from './show.js';

/** Writes the daemon's configuration, with these neighbours, in one step. */
export type WriteConfiguration = (neighbors: readonly Neighbor[]) => Promise<void>;

export interface Roll {
  readonly neighbors: readonly Neighbor[];
  readonly sessions: ReadonlyMap<Address, Session>;
}

/** How long a reload may take, and how soon it is asked for again: ExaBGP drops one that comes before its first configuration has been sent out. */
const RELOAD_MS = 5_000;
const AGAIN_MS = 500;
const LOOK_MS = 10;

export class Roster {
  constructor(
    private readonly dialogue: Dialogue,
    private readonly write: WriteConfiguration,
  ) {}

  async read(): Promise<Roll> {
    const [configured, sessions] = await Promise.all([
      this.dialogue.ask(SHOW_CONFIGURATION),
      this.dialogue.ask(SHOW_SESSIONS),
    ]);
    return { neighbors: readNeighbors(configured), sessions: readSessions(sessions) };
  }

  /**
   * Replaces the neighbours and waits until the daemon shows both the
   * configuration and the sessions of exactly these. Rejects with SpeakerError
   * `rejected` when it does not, and puts the old configuration back.
   */
  async replace(before: readonly Neighbor[], after: readonly Neighbor[]): Promise<Roll> {
    await this.write(after);
    const roll = await this.#reloaded(after);
    if (roll) return roll;
    await this.write(before);
    await this.dialogue.ask(RELOAD);
    const names = after.map(({ peer }) => peer.address).join(', ');
    throw new SpeakerError('rejected', `exabgp does not take the neighbours ${names}; its log says why`);
  }

  async #reloaded(wanted: readonly Neighbor[]): Promise<Roll | undefined> {
    const names = wanted.map(({ peer }) => peer.address).sort();
    const are = (found: readonly Address[]): boolean => [...found].sort().join(' ') === names.join(' ');
    const began = performance.now();
    let askedAt = Number.NEGATIVE_INFINITY;
    while (performance.now() < began + RELOAD_MS) {
      if (performance.now() >= askedAt + AGAIN_MS) {
        askedAt = performance.now();
        await this.dialogue.ask(RELOAD);
      }
      const roll = await this.read();
      if (are(roll.neighbors.map(({ peer }) => peer.address)) && are([...roll.sessions.keys()])) return roll;
      await pause(LOOK_MS);
    }
    return undefined;
  }
}
