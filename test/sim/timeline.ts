/**
 * Time of a simulated world, in milliseconds.
 *
 * Invariants: events happen in order of time, and of their making within one
 * moment; before the next begins, every promise reaction that the last one
 * set off has run; nothing real is waited for.
 */

/** Who an event happens to: a process that is stopped keeps it for later, one that is dead never hears of it. */
export interface Host {
  receives(event: Happening): boolean;
}

export interface Happening {
  at: number;
  readonly order: number;
  readonly host: Host | undefined;
  /** Absent once it has happened or was cancelled. */
  call: (() => void) | undefined;
}

/** So many events without time moving on are a loop that spins. */
const MOST_AT_ONCE = 5_000;

const REACTED = Promise.resolve();

export class Timeline {
  now = 0;
  happened = 0;
  private heap: Happening[] = [];
  private made = 0;
  private atOnce = 0;

  at(time: number, call: () => void, host?: Host): Happening {
    const event: Happening = { at: Math.max(time, this.now), order: this.made++, host, call };
    this.push(event);
    return event;
  }

  after(ms: number, call: () => void, host?: Host): Happening {
    return this.at(this.now + Math.max(0, ms), call, host);
  }

  /** Moves the events of these hosts, as if they had lost that much time. */
  postpone(isMoved: (host: Host | undefined) => boolean, ms: number): void {
    this.heap = this.heap.filter(({ call }) => call);
    for (const event of this.heap) if (isMoved(event.host)) event.at += ms;
    this.heap.sort(earlier);
  }

  /**
   * Runs everything up to `until`; `quiet` is called whenever nothing is left
   * to do at the moment. Rejects with what `quiet` or an event throws.
   */
  run(until: number, quiet: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = (): void => {
        try {
          quiet();
          if (!this.happen(until)) {
            this.now = until;
            resolve();
            return;
          }
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        // A tick that a promise's reaction asks for comes when no reaction is left.
        void REACTED.then(tick);
      };
      const tick = (): void => process.nextTick(step);
      tick();
    });
  }

  /** One event, if one is due. */
  private happen(until: number): boolean {
    for (let next = this.heap[0]; next && next.at <= until; next = this.heap[0]) {
      this.pop();
      const { call } = next;
      if (!call || (next.host && !next.host.receives(next))) continue;
      this.atOnce = next.at > this.now ? 0 : this.atOnce + 1;
      if (this.atOnce > MOST_AT_ONCE) throw new Error(`something spins: ${MOST_AT_ONCE} events and no time passes`);
      this.now = Math.max(this.now, next.at);
      this.happened++;
      next.call = undefined;
      call();
      return true;
    }
    return false;
  }

  private push(event: Happening): void {
    const { heap } = this;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (earlier(heap[parent]!, event) <= 0) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = event;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && earlier(heap[child + 1]!, heap[child]!) < 0) child++;
      if (earlier(last, heap[child]!) <= 0) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
  }
}

const earlier = (a: Happening, b: Happening): number => a.at - b.at || a.order - b.order;
