/** Services that fail, each with its own prefix, and how long a side takes to withdraw it. */
import { pause, type Rig, untilWithdrawn } from './failover-rig.js';

/** Two timings, as an operator would write them. */
export const TIMINGS = {
  '1 s × 3': { intervalMs: 1_000, fall: 3 },
  '0.2 s × 2': { intervalMs: 200, fall: 2 },
} as const;
export type Timing = keyof typeof TIMINGS;

export interface Service {
  readonly port: number;
  readonly prefix: string;
  readonly timing: Timing;
}

export const FIRST_PORT = 7000;
const RECOVER_MS = 40_000;
const WITHDRAW_MS = 15_000;

export const servicesOf = (timings: readonly Timing[], each: number): readonly Service[] =>
  timings.flatMap((timing, block) =>
    Array.from({ length: each }, (_, n) => {
      const number = block * each + n;
      return { port: FIRST_PORT + number, prefix: `10.100.${number}.0/24`, timing };
    }),
  );

/** Milliseconds until the receiver heard the withdrawal; Infinity when it did not. */
export interface Sample {
  readonly fromFailure: number;
  /** From the last probe that succeeded: without the luck of where between two probes the failure fell. */
  readonly fromProbe: number;
}
export type Samples = Readonly<Record<Timing, Sample[]>>;
export const noSamples = (): Samples => ({ '1 s × 3': [], '0.2 s × 2': [] });

export const allAnnounced = (rig: Rig, services: readonly Service[]): Promise<void> =>
  rig.until(
    'every prefix announced',
    () => services.every(({ prefix }) => rig.level(prefix) !== 'withdrawn'),
    RECOVER_MS,
  );

/** Fails every service once, each at a random moment of `withinMs`, and adds the times until the withdrawals. */
export async function failEach(
  rig: Rig,
  services: readonly Service[],
  samples: Samples,
  withinMs = 2_000,
  boundMs = WITHDRAW_MS,
): Promise<void> {
  const trial = async ({ port, prefix, timing }: Service): Promise<void> => {
    await pause(Math.random() * withinMs);
    const { at, probedAt } = await rig.fail(port);
    const fromFailure = await untilWithdrawn(rig, prefix, at, boundMs);
    samples[timing].push({ fromFailure, fromProbe: at - probedAt + fromFailure });
  };
  await Promise.all(services.map(trial));
}

/** Rounds of failure and return, all services at once. */
export async function failRounds(rig: Rig, services: readonly Service[], rounds: number): Promise<Samples> {
  const samples = noSamples();
  for (let round = 0; round < rounds; round++) {
    await allAnnounced(rig, services);
    await pause(1_500);
    await failEach(rig, services, samples);
    restoreAll(rig, services);
  }
  return samples;
}

export const restoreAll = (rig: Rig, services: readonly Service[]): void =>
  services.forEach(({ port }) => rig.restore(port));
