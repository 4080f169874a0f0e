/** Checks of services from one server, as its agent makes them, or its guard while the agent is away. */
import type { CheckSample, CheckSpec } from '../../src/model/check.js';
import type { Timer } from '../../src/ports/clock.js';
import type { Checker } from '../../src/ports/checker.js';
import type { Process } from './process.js';

export type CheckerFault = 'silent' | 'unsent';

export interface Services {
  /** What becomes of one probe. */
  outcome(spec: CheckSpec): Pick<CheckSample, 'outcome' | 'detail'>;
  fault(): CheckerFault | undefined;
}

/** All checks of the simulated fleet have the same interval, and one beat. */
export function simulatedChecker(owner: Process, services: Services): Checker {
  let specs: readonly CheckSpec[] = [];
  let handlers: Parameters<Checker['start']>[0] | undefined;
  let beat: Timer | undefined;
  let wasSilent = false;
  const round = (): void => {
    const isSilent = services.fault() === 'silent';
    if (isSilent && !wasSilent) handlers?.broken('the checker has died');
    wasSilent = isSilent;
    const sentAt = owner.clock.now();
    // A sample may change what is checked.
    for (const spec of isSilent ? [] : specs)
      handlers?.sample({ check: spec.key, sentAt, took: 0, ...services.outcome(spec) });
    again();
  };
  const again = (): void => {
    beat?.cancel();
    const [first] = specs;
    beat = handlers && first ? owner.after(first.intervalMs, round) : undefined;
  };
  return {
    configure: (next) => {
      const isSame = next[0]?.intervalMs === specs[0]?.intervalMs;
      specs = next;
      if (!isSame) again();
    },
    start: (heard) => {
      handlers = heard;
      again();
    },
    stop: async () => {
      handlers = undefined;
      again();
    },
  };
}
