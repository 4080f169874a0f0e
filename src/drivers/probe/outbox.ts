import type { ProbeSample } from '../../model/health.js';

/** Lines follow each other no faster: each wakes the agent, whatever it holds. */
const GAP_MS = 5;

/**
 * Samples on their way to the agent: what is news leaves at the end of this
 * turn of the event loop, what may wait leaves with it or when its time is up.
 */
export class Outbox {
  #samples: ProbeSample[] = [];
  #leavesAt = Number.POSITIVE_INFINITY;
  #leftAt = Number.NEGATIVE_INFINITY;
  #cancel = (): void => undefined;

  constructor(
    private readonly now: () => number,
    private readonly send: (samples: readonly ProbeSample[]) => void,
  ) {}

  put(sample: ProbeSample, mayWaitMs: number): void {
    this.#samples.push(sample);
    const now = this.now();
    const at = Math.max(now + mayWaitMs, this.#leftAt + GAP_MS);
    if (at < this.#leavesAt) this.#schedule(at, now);
  }

  close(): void {
    this.#cancel();
  }

  #schedule(at: number, now: number): void {
    this.#cancel();
    this.#leavesAt = at;
    const leave = (): void => this.#leave();
    if (at <= now) {
      const turn = setImmediate(leave);
      this.#cancel = () => clearImmediate(turn);
    } else {
      const timer = setTimeout(leave, at - now);
      this.#cancel = () => clearTimeout(timer);
    }
  }

  #leave(): void {
    const samples = this.#samples;
    this.#samples = [];
    this.#leavesAt = Number.POSITIVE_INFINITY;
    this.#leftAt = this.now();
    this.send(samples);
  }
}
