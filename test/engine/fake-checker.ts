import type { CheckKey, CheckSample, CheckSpec } from '../../src/model/check.js';
import type { Checker } from '../../src/ports/checker.js';
import type { VirtualClock } from '../virtual-clock.js';

/** Answers every check at its interval, as services that somebody can break would. */
export class FakeChecker implements Checker {
  /** What a check ends with; `ok` unless it is here. */
  readonly outcomes = new Map<CheckKey, CheckSample['outcome']>();
  checks: readonly CheckSpec[] = [];
  private handlers: Parameters<Checker['start']>[0] | undefined;
  private round = 0;

  constructor(private readonly clock: VirtualClock) {}

  configure(checks: readonly CheckSpec[]): void {
    this.checks = checks;
    const round = ++this.round;
    for (const spec of checks) this.beat(spec, round);
  }

  start(handlers: Parameters<Checker['start']>[0]): void {
    this.handlers = handlers;
  }

  async stop(): Promise<void> {
    this.configure([]);
    this.handlers = undefined;
  }

  private beat(spec: CheckSpec, round: number): void {
    this.clock.after(spec.intervalMs, () => {
      if (round !== this.round) return;
      const outcome = this.outcomes.get(spec.key) ?? 'ok';
      const told = { check: spec.key, outcome, sentAt: this.clock.now(), took: 1 };
      this.handlers?.sample(outcome === 'ok' ? told : { ...told, detail: 'status 503' });
      this.beat(spec, round);
    });
  }
}
