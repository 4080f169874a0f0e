import type { Clock, Timer } from '../../ports/clock.js';

/** Something that rings once at its time; its owner arms it again. */
export interface Alarm {
  /** CLOCK_MONOTONIC milliseconds. Written by `Beats`. */
  at: number;
  /** Place in the heap; -1 while not armed. Written by `Beats`. */
  place: number;
  ring(now: number): void;
}

/**
 * Beats that are due within so many milliseconds ring together: 5,000 beats a
 * second would otherwise wake the process as often. Nothing rings early.
 */
const GRAIN_MS = 2;

/** All alarms of the process: a binary heap by time, and one timer. */
export class Beats {
  readonly #heap: Alarm[] = [];
  #timer: Timer | undefined;
  #timerAt = Infinity;
  #ringing = false;

  constructor(private readonly clock: Pick<Clock, 'now' | 'after'>) {}

  /** (Re)arms; takes effect at `at` at the earliest, and not before the event loop turns. */
  arm(alarm: Alarm, at: number): void {
    const isLater = alarm.place >= 0 && at > alarm.at;
    alarm.at = at;
    if (alarm.place < 0) alarm.place = this.#heap.push(alarm) - 1;
    if (isLater) this.#sink(alarm.place);
    else this.#rise(alarm.place);
    if (!this.#ringing) this.#schedule();
  }

  disarm(alarm: Alarm): void {
    const { place } = alarm;
    if (place < 0) return;
    alarm.place = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === alarm) return;
    this.#put(last, place);
    this.#rise(place);
    this.#sink(last.place);
  }

  close(): void {
    for (const alarm of this.#heap) alarm.place = -1;
    this.#heap.length = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #schedule(): void {
    const first = this.#heap[0];
    if (first === undefined || (this.#timer !== undefined && this.#timerAt <= first.at + GRAIN_MS)) return;
    this.#timer?.cancel();
    this.#timerAt = first.at + GRAIN_MS;
    this.#timer = this.clock.after(Math.max(0, this.#timerAt - this.clock.now()), () => this.#onTimer());
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#ringing = true;
    try {
      // The time of the start for all: who arms for now again waits for the next turn.
      const now = this.clock.now();
      for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
        this.disarm(first);
        first.ring(now);
        if (first.place >= 0 && first.at <= now) break;
      }
    } finally {
      this.#ringing = false;
      this.#schedule();
    }
  }

  #put(alarm: Alarm, place: number): void {
    this.#heap[place] = alarm;
    alarm.place = place;
  }

  #rise(from: number): void {
    const alarm = this.#heap[from];
    if (alarm === undefined) return;
    let place = from;
    while (place > 0) {
      const parent = this.#heap[(place - 1) >> 1];
      if (parent === undefined || parent.at <= alarm.at) break;
      this.#put(parent, place);
      place = (place - 1) >> 1;
    }
    this.#put(alarm, place);
  }

  #sink(from: number): void {
    const alarm = this.#heap[from];
    if (alarm === undefined) return;
    let place = from;
    for (;;) {
      const left = this.#heap[2 * place + 1];
      const right = this.#heap[2 * place + 2];
      const child = right !== undefined && left !== undefined && right.at < left.at ? right : left;
      if (child === undefined || child.at >= alarm.at) break;
      const next = child.place;
      this.#put(child, place);
      place = next;
    }
    this.#put(alarm, place);
  }
}
