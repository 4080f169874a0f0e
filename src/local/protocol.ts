/**
 * Calls between processes of one machine: one JSON object per line over a
 * unix socket.
 *
 *     → {"id":1,"method":"status","params":{}}
 *     ← {"id":1,"result":{…}}            or  {"id":1,"error":{"reason":"refused","message":"…"}}
 *
 * Several calls may be under way on one connection; answers carry the id and
 * come in any order. A line that cannot be understood is answered with one
 * error whose id is null.
 */
import type { LocalError } from '../ports/guard.js';

/** What a socket offers: the shape of each method's parameters, checked on arrival, and of its result. */
export type Calls = Readonly<Record<string, { readonly params: unknown; readonly result: unknown }>>;

/** Every socket answers this, whatever else it offers. */
export const IDENTIFY = 'identify';
export interface Identity {
  /** `guard`, `agent`. */
  readonly role: string;
  readonly pid: number;
}

/** Longest line in either direction, in bytes: a set of 100,000 prefixes with their reasons takes 10 to 30 MiB. */
export const LONGEST_LINE = 64 * 1024 * 1024;

/** Of methods without parameters. */
export type NoParams = Readonly<Record<string, never>>;

export type Failure = { readonly reason: LocalError['reason']; readonly message: string };

export type Response =
  { readonly id: number | null; readonly error: Failure } | { readonly id: number; readonly result: unknown };
