import { z } from 'zod';
import type { Report } from './wire.js';

const schema: z.ZodType<Report> = z.union([
  z.strictObject({
    samples: z.array(
      z.strictObject({
        customer: z.string(),
        tunnel: z.string(),
        outcome: z.enum(['answered', 'lost', 'unsent']),
        at: z.number(),
        roundTrip: z.number().exactOptional(),
        detail: z.string().exactOptional(),
      }),
    ),
  }),
  z.strictObject({ broken: z.string() }),
]);

/** Reads one line of the child's; `undefined` when it is not understood. */
export function reportOf(line: string): Report | undefined {
  try {
    return schema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
