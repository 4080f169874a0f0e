import type { Random } from '../random.js';
import type { Server } from '../server.js';
import type { World } from '../world.js';

/** Ends a fault; absent for what is over at once. */
export type Heal = (() => void) | undefined;

export interface FaultKind {
  readonly name: string;
  /**
   * Whether it may take prefixes off the wire: `always`; `remote`, where the
   * fleet says that remote faults withdraw; `never`: it is a fault of knowledge,
   * or what it breaks is told by the kernel's own state.
   */
  readonly withdraws: 'always' | 'remote' | 'never';
  /** Milliseconds, both ends included; what is over at once says [0, 0]. */
  readonly lasts: readonly [number, number];
  /** Whether it may strike everywhere at once. */
  readonly everywhere: boolean;
  strike(world: World, servers: readonly Server[], random: Random): Heal;
}

/** The same for each server. */
export const onEach =
  (strike: (server: Server, random: Random, world: World) => Heal) =>
  (world: World, servers: readonly Server[], random: Random): Heal => {
    const heals = servers.map((server) => strike(server, random, world));
    return () => heals.forEach((heal) => heal?.());
  };
