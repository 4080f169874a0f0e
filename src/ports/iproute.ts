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
 *
 * Everything rejects with `KernelError`: `tool-missing`, `not-permitted`,
 * `timeout`; `unreadable` when a dump fails, cannot be parsed or lacks a field.
 */
export interface Iproute {
  /** Reads; one list per command, in order. */
  query(place: IpPlace, commands: readonly string[]): Promise<readonly (readonly IpRow[])[]>;
  /** Runs in order and stops at the first failure. */
  batch(place: IpPlace, commands: readonly string[]): Promise<BatchEnd>;
}

export type BatchEnd =
  | { readonly done: true }
  /** `failed` is the index of the command; those before it have had their effect. */
  | { readonly done: false; readonly failed: number; readonly message: string };

/** One object of `ip -json -details -Numeric`, read strictly. */
export interface IpRow {
  has(field: string): boolean;
  text(field: string): string;
  /** Also from decimal or 0x text, which is how some fields are printed. */
  number(field: string): number;
  texts(field: string): readonly string[];
  nested(field: string): IpRow;
  /** A nested list of objects; absent is empty. */
  rows(field: string): readonly IpRow[];
}
