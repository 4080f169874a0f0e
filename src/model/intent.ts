/** An operator's word about one prefix at one server; the last one counts. */
import type { Prefix } from './address.js';

export interface Intent {
  readonly prefix: Prefix;
  readonly want: 'advertise' | 'withdraw';
  readonly author: string;
  readonly reason: string;
  /** Wall clock, ISO 8601, UTC. */
  readonly at: string;
  /** It ends by itself then; stays until the next word when absent. */
  readonly until?: string;
}

/** A word that is said now, and how long it shall stand. */
export interface IntentRequest extends Pick<Intent, 'prefix' | 'want' | 'author' | 'reason'> {
  /** Milliseconds; until the next word when absent. */
  readonly forMs?: number;
}
