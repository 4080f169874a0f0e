import type { CheckKey, CheckSample, CheckSpec } from '../../model/check.js';
import { rowOf, type SampleRow } from './lines.js';

/** How long a success that follows a success may wait for company. */
const LAZY_MS = 100;

interface Known {
  readonly place: number;
  outcome?: CheckSample['outcome'];
}

/** Collects samples into lines; `write` is given one line's content at a time. */
export class SampleBatch {
  #known = new Map<CheckKey, Known>();
  #rows: SampleRow[] = [];
  #list = 0;
  #lazy: NodeJS.Timeout | undefined;
  #urgent: NodeJS.Immediate | undefined;

  constructor(private readonly write: (list: number, rows: readonly SampleRow[]) => void) {}

  /** Rows name places in this list from now on; what was collected goes out first. */
  follow(list: number, checks: readonly CheckSpec[]): void {
    this.flush();
    const before = this.#known;
    this.#list = list;
    this.#known = new Map(checks.map(({ key }, place) => [key, { ...before.get(key), place }]));
  }

  add(sample: CheckSample): void {
    const known = this.#known.get(sample.check);
    if (known === undefined) return;
    const { outcome } = sample;
    const isNews = outcome === 'failed' || outcome !== known.outcome;
    known.outcome = outcome;
    this.#rows.push(rowOf(known.place, sample));
    if (isNews) this.#urgent ??= setImmediate(() => this.flush());
    else this.#lazy ??= setTimeout(() => this.flush(), LAZY_MS);
  }

  flush(): void {
    clearTimeout(this.#lazy);
    clearImmediate(this.#urgent);
    [this.#lazy, this.#urgent] = [undefined, undefined];
    if (this.#rows.length === 0) return;
    const rows = this.#rows;
    this.#rows = [];
    this.write(this.#list, rows);
  }

  close(): void {
    this.#rows = [];
    this.flush();
  }
}
