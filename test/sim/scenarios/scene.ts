/** A world with nothing left to chance but its ways' delays: everything announced, every invariant watched. */
import type { Fleet, Safety } from '../../../src/model/fleet.js';
import { simulatedFleet } from '../fleet.js';
import { watchEverything } from '../invariants/all.js';
import { Random } from '../random.js';
import type { Entry } from '../router.js';
import { World } from '../world.js';

const CONVERGED_MS = 20_000;

export interface SceneOptions {
  readonly safety?: Partial<Safety>;
  /** Before anything starts. */
  prepare?(world: World): void;
}

/** The defaults, where a scenario does not say otherwise. */
const SAFETY: Partial<Safety> = {
  ...{ remoteFault: 'degrade', lostAgent: 'degrade', leaseMs: 1_000, stopGraceMs: 20_000, staleMs: 30_000 },
  ...{ suspicion: { remotes: 5, windowMs: 10_000 }, maxWithdrawnShare: 1 },
};

export class Scene {
  readonly lines: string[] = [];
  readonly world: World;
  private began = 0;

  private constructor({ safety }: SceneOptions) {
    const drawn = simulatedFleet(new Random(1));
    const fleet: Fleet = { ...drawn, safety: { ...drawn.safety, ...SAFETY, ...safety } };
    this.world = new World({ seed: 1, fleet, instant: true, say: (line) => void this.lines.push(line) });
    watchEverything(this.world, Number.POSITIVE_INFINITY, false);
  }

  static async converged(options: SceneOptions = {}): Promise<Scene> {
    const scene = new Scene(options);
    options.prepare?.(scene.world);
    scene.world.start();
    await scene.passes(CONVERGED_MS);
    scene.began = scene.world.timeline.now;
    return scene;
  }

  /** Lets time pass, with what is planned in it. Rejects with the first violation. */
  passes(ms: number): Promise<void> {
    return this.world.run(this.world.timeline.now + ms);
  }

  /** What routers were told since everything had converged. */
  get entries(): readonly Entry[] {
    return [...this.world.routers.values()].flatMap(({ timeline }) => timeline.filter(({ at }) => at >= this.began));
  }

  /** `withdrawn`, `degraded` or `full`, once for each of them that some router was told. */
  get told(): readonly string[] {
    return [...new Set(this.entries.map(({ level }) => level ?? 'withdrawn'))].sort();
  }

  /** How every server's every prefix stands at its router. */
  get standing(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    const { world } = this;
    for (const server of world.servers) {
      for (const prefix of [...world.fleet.provider.covering, ...announced(world)]) {
        const level = world.routerOf(server).levelFrom(server.name, prefix) ?? 'withdrawn';
        counts[level] = (counts[level] ?? 0) + 1;
      }
    }
    return counts;
  }
}

const announced = ({ fleet }: World) =>
  fleet.customers.flatMap(({ prefixes }) => prefixes.flatMap(({ prefix, advertise }) => (advertise ? [prefix] : [])));
