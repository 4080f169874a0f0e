/**
 * What the agent and its checker say to each other, one JSON text a line: the
 * complete list of checks in, samples in batches out. A sample names its check
 * by the place in the list that the batch names.
 */
import { z } from 'zod';
import { parseAddress, type Address } from '../../model/address.js';
import type { CheckSample, CheckSpec } from '../../model/check.js';

const address = z.string().transform((text, context): Address => {
  const parsed = parseAddress(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: 'custom', message: 'not an IP address' });
  return z.NEVER;
});

const milliseconds = z.number().positive().max(3_600_000);
const port = z.int().min(1).max(65_535);

const probe = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('icmp'), target: address, through: z.string().exactOptional() }),
  z.strictObject({ kind: z.literal('tcp'), target: address, port }),
  z.strictObject({
    kind: z.literal('http'),
    target: address,
    port,
    path: z.string(),
    host: z.string().exactOptional(),
    tls: z.strictObject({ verify: z.boolean() }).exactOptional(),
    status: z.array(z.int()),
    body: z.string().exactOptional(),
  }),
  z.strictObject({ kind: z.literal('exec'), command: z.tuple([z.string()], z.string()) }),
]);

export const checkList = z.strictObject({
  /** Counts up with each list. */
  list: z.int(),
  checks: z.array(
    z.strictObject({
      key: z.string(),
      probe,
      netns: z.string(),
      device: z.string().exactOptional(),
      source: address.exactOptional(),
      remote: z.boolean(),
      intervalMs: milliseconds,
      timeoutMs: milliseconds,
      phaseMs: z.number().min(0),
    }),
  ),
});

export const listText = (list: number, checks: readonly CheckSpec[]): string => JSON.stringify({ list, checks });

const OUTCOMES = ['ok', 'failed', 'unsent'] as const;

/** Place in the list, outcome, `sentAt` and `took` in microseconds, detail: thousands a second travel. */
export type SampleRow = readonly [place: number, outcome: number, sentAt: number, took: number, detail?: string];

/** Microseconds: whole numbers are the shortest, and no scheduler is more exact. */
const micros = (ms: number): number => Math.round(ms * 1_000);

export function rowOf(place: number, { outcome, sentAt, took, detail }: CheckSample): SampleRow {
  const row = [place, OUTCOMES.indexOf(outcome), micros(sentAt), micros(took)] as const;
  return detail === undefined ? row : [...row, detail];
}

export type Report =
  /** Empty batches say that the child is alive. */
  | { readonly list: number; readonly rows: readonly SampleRow[] }
  /** The child's last words. */
  | { readonly broken: string };

/** `undefined` for what is no report. By hand: a schema would cost more than all the rest. */
export function parseReport(text: string): Report | undefined {
  const said = parsed(text);
  if (typeof said !== 'object' || said === null) return undefined;
  const { list, rows, broken } = said as Readonly<Record<string, unknown>>;
  if (typeof broken === 'string') return { broken };
  return typeof list === 'number' && Array.isArray(rows) && rows.every(isRow) ? { list, rows } : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRow(row: unknown): row is SampleRow {
  if (!Array.isArray(row) || row.length < 4) return false;
  const [place, outcome, sentAt, took, detail] = row as readonly unknown[];
  return (
    typeof place === 'number' &&
    typeof outcome === 'number' &&
    OUTCOMES[outcome] !== undefined &&
    typeof sentAt === 'number' &&
    typeof took === 'number' &&
    (detail === undefined || typeof detail === 'string')
  );
}

export function sampleOf(check: string, [, outcome, sentAt, took, detail]: SampleRow): CheckSample {
  const sample = { check, outcome: OUTCOMES[outcome] ?? 'unsent', sentAt: sentAt / 1_000, took: took / 1_000 };
  return detail === undefined ? sample : { ...sample, detail };
}

/** How often an idle child says that it is alive. */
export const HEARTBEAT_MS = 1_000;
