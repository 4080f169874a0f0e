/** What a guard can find out by itself about a prefix while its agent is away. */
import type { Address, Prefix } from './address.js';
import type { Netns } from './kernel.js';

export type EssentialCheck =
  /** At least one of the devices is there, up and with carrier. */
  | { readonly kind: 'links'; readonly netns: Netns; readonly devices: readonly [string, ...string[]] }
  | { readonly kind: 'address'; readonly netns: Netns; readonly device: string; readonly address: Address };

/** One check, and what cannot be carried without it. */
export interface Essential {
  /** Unique, and the same for the same check whatever fleet names it. */
  readonly key: string;
  readonly check: EssentialCheck;
  readonly prefixes: readonly Prefix[];
}

/** `unknown` proves nothing: it could not be looked at. */
export type EssentialFinding =
  { readonly state: 'good' } | { readonly state: 'broken' | 'unknown'; readonly detail: string };
