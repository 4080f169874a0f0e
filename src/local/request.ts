/** What arrives at a socket is checked here, before anybody acts on it. */
import { z } from 'zod';
import { parsePrefix, type Prefix } from '../model/address.js';
import type { BulkAllowance } from '../model/lease.js';
import type { Calls, NoParams } from './protocol.js';

export type Handlers<C extends Calls> = {
  readonly [M in keyof C & string]: {
    readonly params: z.ZodType<C[M]['params']>;
    /** Errors reach the caller as one line; `LocalError` keeps its reason. */
    answer(params: C[M]['params'], caller: object): Promise<C[M]['result']>;
  };
};

export const requestSchema = z.strictObject({
  id: z.number().int().nonnegative(),
  method: z.string().max(64),
  params: z.unknown(),
});

export const noParams: z.ZodType<NoParams> = z.strictObject({});

export const prefixSchema = z.custom<Prefix>(
  (value) => typeof value === 'string' && parsePrefix(value) === value,
  'not a canonical prefix',
);

export const allowanceSchema: z.ZodType<BulkAllowance> = z.strictObject({
  share: z.number().min(0).max(1),
  author: z.string().max(500),
});

/** `params.announcements.3.prefix: not a prefix`: where, and what. The first few suffice. */
export const complaint = (error: z.ZodError): string =>
  error.issues
    .slice(0, 3)
    .map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message))
    .join('; ');
