import type { CheckSample, CheckSpec } from '../../model/check.js';
import type { Alarm, Beats } from './beats.js';
import { failed, type End, type Probing } from './probing.js';

/** A beat begins where at least this share of the timeout is left before the next one; otherwise it is left out. */
const LEAST_SHARE = 0.75;

/** When the machine was late by more than this, an answer may lie unread: it gets so long to be read. */
const LATE_MS = 10;
const GRACE_MS = 5;

export interface CheckRunOptions {
  readonly spec: CheckSpec;
  readonly beats: Beats;
  /** CLOCK_MONOTONIC, milliseconds. */
  readonly now: () => number;
  readonly sample: (sample: CheckSample) => void;
  readonly probing: (ended: (end: End) => void) => Probing;
}

/**
 * One check at its beat. Beats stand on a grid that follows from the check's
 * own phase, so lateness never adds up, and those that a busy machine missed
 * are left out. One probe is under way at a time, and ends by its timeout.
 */
export class CheckRun implements Alarm {
  at = 0;
  place = -1;
  readonly #options: CheckRunOptions;
  readonly #probing: Probing;
  #due: number;
  #underWay = false;
  #graced = false;
  #sentAt = 0;
  #deadline = 0;

  constructor(options: CheckRunOptions) {
    const { spec, beats, now, probing } = options;
    this.#options = options;
    this.#probing = probing((end) => this.#onEnd(end));
    this.#due = Math.ceil((now() - spec.phaseMs) / spec.intervalMs) * spec.intervalMs + spec.phaseMs;
    beats.arm(this, this.#due);
  }

  ring(now: number): void {
    if (this.#underWay && now >= this.#deadline) this.#onDeadline(now);
    if (now >= this.#due) this.#onBeat(now);
    this.#options.beats.arm(this, this.#underWay ? Math.min(this.#deadline, this.#due) : this.#due);
  }

  /** What is under way proves nothing any more. */
  stop(): void {
    this.#options.beats.disarm(this);
    this.#underWay = false;
    this.#probing.close();
  }

  #onBeat(now: number): void {
    const { spec } = this.#options;
    const { intervalMs, timeoutMs } = spec;
    const beats = Math.ceil((now + LEAST_SHARE * timeoutMs - this.#due) / intervalMs);
    this.#due += intervalMs * Math.max(1, beats);
    if (this.#underWay) return;
    this.#sentAt = this.#options.now();
    this.#deadline = Math.min(this.#sentAt + timeoutMs, this.#due);
    this.#graced = false;
    this.#underWay = true;
    const end = this.#probing.begin();
    if (end !== undefined) this.#onEnd(end);
  }

  #onDeadline(now: number): void {
    this.#probing.look();
    if (!this.#underWay) return;
    if (!this.#graced && now - this.#deadline > LATE_MS) {
      this.#graced = true;
      this.#deadline = now + GRACE_MS;
      return;
    }
    this.#probing.abandon();
    this.#onEnd(failed(`${this.#probing.silence} within ${this.#options.spec.timeoutMs} ms`));
  }

  #onEnd({ outcome, detail }: End): void {
    if (!this.#underWay) return;
    this.#underWay = false;
    const { spec, now, sample } = this.#options;
    const took = now() - this.#sentAt;
    const told = { check: spec.key, outcome, sentAt: this.#sentAt, took };
    sample(detail === undefined ? told : { ...told, detail });
  }
}
