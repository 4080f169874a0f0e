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
import { z } from 'zod';
import type { LocalError } from '../ports/guard.js';

/** What a socket offers: the shape of each method's parameters, checked on arrival, and of its result. */
export type Calls = Readonly<Record<string, { readonly params: unknown; readonly result: unknown }>>;

export type Handlers<C extends Calls> = {
  readonly [M in keyof C & string]: {
    readonly params: z.ZodType<C[M]['params']>;
    /** Errors reach the caller as one line; `LocalError` keeps its reason. */
    answer(params: C[M]['params'], caller: object): Promise<C[M]['result']>;
  };
};

/** Every socket answers this, whatever else it offers. */
export const IDENTIFY = 'identify';
export interface Identity {
  /** `guard`, `agent`. */
  readonly role: string;
  readonly pid: number;
}

/** Longest line in either direction, in bytes: a set of 10,000 prefixes with their reasons takes about 2 MiB. */
export const LONGEST_LINE = 16 * 1024 * 1024;

export const requestSchema = z.strictObject({
  id: z.number().int().nonnegative(),
  method: z.string().max(64),
  params: z.unknown(),
});

const reasonSchema = z.enum(['unreachable', 'timeout', 'refused', 'malformed', 'in-use']);

export const responseSchema = z.union([
  z.object({
    id: z.number().int().nonnegative().nullable(),
    error: z.object({ reason: reasonSchema, message: z.string() }),
  }),
  z.object({ id: z.number().int().nonnegative(), result: z.unknown() }),
]);

export type Failure = { readonly reason: LocalError['reason']; readonly message: string };

/** `params.announcements.3.prefix: not a prefix`: where, and what. The first few suffice. */
export const complaint = (error: z.ZodError): string =>
  error.issues
    .slice(0, 3)
    .map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message))
    .join('; ');
