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

const isPrefix = (value: unknown): value is Prefix => typeof value === 'string' && parsePrefix(value) === value;

export const prefixSchema = z.custom<Prefix>(isPrefix, 'not a canonical prefix');

/** One look at a list, however long: a schema for each of 100,000 prefixes would take longer than all that they are sent for. */
export const prefixesSchema = z.custom<readonly Prefix[]>((value) => Array.isArray(value) && value.every(isPrefix), {
  error: ({ input }) =>
    Array.isArray(input)
      ? `${JSON.stringify(input.find((value) => !isPrefix(value)))} is not a canonical prefix`
      : 'not a list of prefixes',
});

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
