/** Which faults a seed has in store: five of three kinds, some of them at the same time. */
import type { Random } from '../random.js';
import type { Server } from '../server.js';
import type { World } from '../world.js';
import type { FaultKind } from './fault.js';
import { FAULTS } from './kinds.js';

const FAULTS_PER_SEED = 5;
const KINDS_PER_SEED = 3;
const FIRST_MS = 15_000;
/** A world may also come up with a fault. */
const AT_START = 0.15;
const START_MS = 1_500;
/** Afterwards everything may return. */
const LAST_MS = 440_000;
/** The next fault strikes while the last one still lasts, or has just ended. */
const IN_SUCCESSION = 0.4;
const SHORTEST_MS = 1;

export function schedule(world: World, kinds: readonly FaultKind[] = FAULTS): void {
  const random = world.random.fork('faults');
  const chosen = random.some(kinds, KINDS_PER_SEED);
  let last = { at: 0, ms: 0 };
  const starts = Array.from({ length: FAULTS_PER_SEED }, () => random.between(FIRST_MS, LAST_MS)).sort((a, b) => a - b);
  if (random.chance(AT_START)) starts[0] = random.between(0, START_MS);
  starts.forEach((start, index) => {
    const kind = chosen[index] ?? random.pick(chosen);
    const ms = lengthOf(kind, random);
    const follows = index > 0 && random.chance(IN_SUCCESSION);
    const at = follows ? last.at + random.between(0, Math.max(2_000, last.ms + 3_000)) : start;
    last = { at, ms };
    strikeAt(world, kind, { at, ms, servers: targets(world, kind, random) }, random.fork(`${index}`));
  });
}

export interface Strike {
  readonly at: number;
  readonly ms: number;
  readonly servers: readonly Server[];
}

function strikeAt(world: World, kind: FaultKind, { at, ms, servers }: Strike, random: Random): void {
  world.plan(at, () => {
    world.trace.note(`fault: ${kind.name} at ${servers.map(({ name }) => name).join()} for ${ms.toFixed(0)} ms`);
    world.coverage.saw('fault', kind.name);
    world.afflict(servers, kind.name);
    const heal = kind.strike(world, servers, random);
    world.plan(at + Math.max(SHORTEST_MS, ms), () => {
      world.trace.note(`healed: ${kind.name}`);
      heal?.();
      world.relieve(servers, kind.name);
    });
  });
}

/** Short ones are as likely as long ones, by orders of magnitude. */
function lengthOf({ lasts: [from, to] }: FaultKind, random: Random): number {
  return to === 0 ? 0 : from * (to / from) ** random.fraction();
}

function targets(world: World, { everywhere }: FaultKind, random: Random): readonly Server[] {
  const { servers } = world;
  const one = random.pick(servers);
  if (!everywhere || random.chance(0.5)) return [one];
  return random.chance(0.5) ? servers : servers.filter(({ site }) => site === one.site);
}
