/** Something that is due at a time; `at` may be infinity. */
export interface Task {
  /** CLOCK_MONOTONIC, milliseconds. Whoever changes it says `moved`. */
  readonly at: number;
  /** Called when `now` is there. Afterwards `at` lies beyond it. */
  run(now: number): void;
}

/** Node's timers count whole milliseconds and may come that much early: a task that is due within it is due. */
const GRAIN_MS = 1;

/**
 * Runs many tasks by one timer: a binary heap, the earliest on top.
 *
 * Invariants: no task is due before its parent in the heap; the timer is set
 * for the top, or for earlier, where a task was put off meanwhile.
 */
export class Timetable {
  readonly #heap: Task[] = [];
  readonly #places = new Map<Task, number>();
  #timer: NodeJS.Timeout | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(private readonly now: () => number) {}

  add(task: Task): void {
    this.#put(task, this.#heap.length);
    this.moved(task);
  }

  remove(task: Task): void {
    const place = this.#places.get(task);
    if (place === undefined) return;
    this.#places.delete(task);
    const last = this.#heap.pop();
    if (last !== undefined && last !== task) {
      this.#put(last, place);
      this.moved(last);
    }
    if (this.#heap.length === 0) this.#arm();
  }

  /** The task's time has changed. */
  moved(task: Task): void {
    const place = this.#places.get(task);
    if (place === undefined) return;
    this.#sink(task, this.#rise(task, place));
    if (this.#earliest() < this.#armedFor) this.#arm();
  }

  #earliest(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#armedFor = this.#earliest();
    if (this.#armedFor === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#onTimer(), Math.max(0, Math.ceil(this.#armedFor - this.now())));
  }

  /** As many runs as there are tasks: on a machine too slow for its probes, answers must be heard all the same. */
  #onTimer(): void {
    // What tasks do meanwhile arms no timer.
    this.#armedFor = Number.NEGATIVE_INFINITY;
    for (let left = this.#heap.length; left > 0; left--) {
      const [task] = this.#heap;
      const now = this.now();
      if (task === undefined || task.at > now + GRAIN_MS) break;
      task.run(Math.max(now, task.at));
      this.moved(task);
    }
    this.#arm();
  }

  #put(task: Task, place: number): void {
    this.#heap[place] = task;
    this.#places.set(task, place);
  }

  #rise(task: Task, from: number): number {
    let place = from;
    while (place > 0) {
      const up = (place - 1) >> 1;
      const parent = this.#heap[up];
      if (parent === undefined || parent.at <= task.at) break;
      this.#put(parent, place);
      place = up;
    }
    this.#put(task, place);
    return place;
  }

  #sink(task: Task, from: number): void {
    let place = from;
    for (;;) {
      const child = this.#earlierChild(place);
      const below = this.#heap[child];
      if (below === undefined || below.at >= task.at) break;
      this.#put(below, place);
      place = child;
    }
    this.#put(task, place);
  }

  #earlierChild(place: number): number {
    const [left, right] = [2 * place + 1, 2 * place + 2];
    const [a, b] = [this.#heap[left], this.#heap[right]];
    return a !== undefined && b !== undefined && b.at < a.at ? right : left;
  }
}
