import type { Family } from '../model/address.js';
import type { Netns } from '../model/kernel.js';

/** Where a batch runs. `family` is for objects whose commands do not name it (rules, IPv6 nexthops). */
export interface IpPlace {
  readonly netns: Netns;
  readonly family?: Family;
}

/**
 * iproute2 in batches: one process for any number of commands. Commands are
 * what follows `ip` on a line; their words come from validated names and
 * canonical addresses and hold no spaces.
 */
export interface Iproute {
  /** Runs in order and stops at the first failure. Rejects with `KernelError`: `tool-missing`, `not-permitted`, `timeout`, `failed`. */
  batch(place: IpPlace, commands: readonly string[]): Promise<BatchEnd>;
}

export type BatchEnd =
  | { readonly done: true }
  /** `failed` is the index of the command; those before it have had their effect. */
  | { readonly done: false; readonly failed: number; readonly message: string };
