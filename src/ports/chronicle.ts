import type { Happening } from '../model/event.js';

/**
 * The lasting record of what a process decides and does.
 *
 * Never throws and never waits: whoever records goes on at once. What cannot
 * be kept is lost, and its number is told.
 */
export interface Chronicle {
  /** Stamps the event with this moment. */
  record(event: Happening): void;
}
