/**
 * What the agent and its prober child say to each other, one JSON text a line:
 * the complete list of probes in, samples in batches out.
 */
import { parseAddress } from '../../model/address.js';
import type { ProbeSample } from '../../model/health.js';
import type { ProbeSpec } from '../../ports/prober.js';

export type Report =
  /** Empty batches say that the child is alive. */
  | { readonly samples: readonly ProbeSample[] }
  /** The child's last words. */
  | { readonly broken: string };

/** How often an idle child says that it is alive. */
export const HEARTBEAT_MS = 1_000;

const LONGEST_MS = 3_600_000;

const isText = (value: unknown): boolean => typeof value === 'string';
const isAddress = (value: unknown): boolean => typeof value === 'string' && parseAddress(value) === value;
const isDuration = (value: unknown): boolean => typeof value === 'number' && value > 0 && value <= LONGEST_MS;

/** By hand: with a library of schemas the child would take twice the time to start. */
const FIELDS: Readonly<Record<keyof ProbeSpec, (value: unknown) => boolean>> = {
  customer: isText,
  tunnel: isText,
  netns: isText,
  device: isText,
  kind: (value) => value === 'request' || value === 'reply',
  source: isAddress,
  target: isAddress,
  intervalMs: isDuration,
  timeoutMs: isDuration,
};

function isSpec(value: unknown): value is ProbeSpec {
  if (typeof value !== 'object' || value === null) return false;
  const members: Readonly<Record<string, unknown>> = { ...value };
  return Object.entries(FIELDS).every(([field, fits]) => fits(members[field]));
}

/** Reads one line of the agent's. Throws Error when it is no list of probes. */
export function probesOf(line: string): readonly ProbeSpec[] {
  const { probes } = { probes: undefined, ...(JSON.parse(line) as object) } as { readonly probes: unknown };
  if (Array.isArray(probes) && probes.every(isSpec)) return probes;
  throw new Error('a list of probes that is not understood; agent and prober are of different versions');
}
