/** Probes of one server, over ways that the world keeps. */
import type { ProbeSample } from '../../src/model/health.js';
import type { ProbeSpec, Prober } from '../../src/ports/prober.js';
import type { Process } from './process.js';

export type ProberFault = 'silent' | 'unsent' | 'deaf';

export interface Ways {
  /** What becomes of one probe. */
  outcome(probe: ProbeSpec): Pick<ProbeSample, 'outcome' | 'detail'>;
  fault(): ProberFault | undefined;
}

/** The prober's own processes: they end with their agent. */
export function simulatedProber(agent: Process, ways: Ways): Prober {
  let probes: readonly ProbeSpec[] = [];
  let running = false;
  let wasBroken = false;
  return {
    configure: (next) => void (probes = next),
    start: ({ sample, broken }) => {
      running = true;
      const round = (): void => {
        if (!running) return;
        const fault = ways.fault();
        if (fault === 'silent' && !wasBroken) broken('the prober has died');
        wasBroken = fault === 'silent';
        const at = agent.clock.now();
        for (const probe of wasBroken ? [] : probes) {
          const { customer, tunnel } = probe;
          sample({ customer, tunnel, at, ...resultOf(fault, probe, ways) });
        }
        agent.after(probes[0]?.intervalMs ?? 1_000, round);
      };
      agent.after(probes[0]?.intervalMs ?? 1_000, round);
    },
    stop: async () => void (running = false),
  };
}

function resultOf(
  fault: ProberFault | undefined,
  probe: ProbeSpec,
  ways: Ways,
): Pick<ProbeSample, 'outcome' | 'detail'> {
  if (fault === 'unsent') return { outcome: 'unsent', detail: 'Operation not permitted' };
  // It sends and hears nothing: every answer counts as lost.
  if (fault === 'deaf') return { outcome: 'lost' };
  return ways.outcome(probe);
}
