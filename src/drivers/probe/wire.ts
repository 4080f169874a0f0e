/**
 * What the agent and its prober child say to each other, one JSON text a line:
 * the complete list of probes in, samples in batches out.
 */
import { z } from 'zod';
import { parseAddress, type Address } from '../../model/address.js';

const address = z.string().transform((text, context): Address => {
  const parsed = parseAddress(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: 'custom', message: 'not an IP address' });
  return z.NEVER;
});

const milliseconds = z.number().positive().max(3_600_000);

export const probeList = z.strictObject({
  probes: z.array(
    z.strictObject({
      customer: z.string(),
      tunnel: z.string(),
      netns: z.string(),
      device: z.string(),
      source: address,
      target: address,
      intervalMs: milliseconds,
      timeoutMs: milliseconds,
    }),
  ),
});

export const report = z.union([
  /** Empty batches say that the child is alive. */
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
  /** The child's last words. */
  z.strictObject({ broken: z.string() }),
]);

export type Report = z.output<typeof report>;

/** How often an idle child says that it is alive. */
export const HEARTBEAT_MS = 1_000;
