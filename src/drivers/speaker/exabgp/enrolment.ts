/** The neighbours as they shall be, while one change after the other is asked for. */
import type { Address } from '../../../model/address.js';
import { SpeakerError } from '../../../ports/speaker.js';
import { sameNeighbor } from './neighbor.js';
import type { Neighbor } from './show.js';

export class Enrolment {
  readonly #neighbors: Map<Address, Neighbor>;
  #changed = false;

  constructor(standing: readonly Neighbor[]) {
    this.#neighbors = new Map(standing.map((neighbor) => [neighbor.peer.address, neighbor]));
  }

  get isChanged(): boolean {
    return this.#changed;
  }

  /** One that is there as described stays untouched. Throws SpeakerError `rejected` when it is there otherwise. */
  add(neighbor: Neighbor): void {
    const { address } = neighbor.peer;
    const standing = this.#neighbors.get(address);
    if (standing && sameNeighbor(standing.peer, neighbor.peer)) return;
    if (standing) {
      const remedy = 'delete it before adding it again';
      throw new SpeakerError('rejected', `peer ${address} is configured otherwise; ${remedy}`);
    }
    this.#neighbors.set(address, neighbor);
    this.#changed = true;
  }

  delete(address: Address): void {
    this.#changed = this.#neighbors.delete(address) || this.#changed;
  }

  /** What is to be configured now; counts as done. */
  take(): readonly Neighbor[] {
    this.#changed = false;
    return [...this.#neighbors.values()];
  }
}
