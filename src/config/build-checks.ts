import type { Check, CheckAddress, Probe } from '../model/check.js';
import { familyOfTarget, isOnServer, type Own } from './check-targets.js';
import type { DraftCheck } from './schema-checks.js';

/** A probe that has not ended after a second never will. */
const LONGEST_DEFAULT_TIMEOUT_MS = 1_000;

function probeOf(written: DraftCheck): Probe {
  switch (written.type) {
    case 'icmp': {
      const through = 'through' in written ? written.through : undefined;
      return { kind: 'icmp', target: written.target, ...(through !== undefined && { through }) };
    }
    case 'tcp':
      return { kind: 'tcp', target: written.target, port: written.port };
    case 'http': {
      const { url, host, status, body, verify } = written;
      return {
        kind: 'http',
        target: url.target,
        port: url.port,
        path: url.path,
        ...(host !== undefined && { host }),
        ...(url.https && { tls: { verify } }),
        status,
        ...(body !== undefined && { body }),
      };
    }
    case 'exec':
      return { kind: 'exec', command: written.command };
    case 'bgp':
      return { kind: 'bgp', router: written.router };
  }
}

/** True when failing may have a cause outside this machine. */
const mayBeFarAway = (probe: Probe, own: Own): boolean => {
  switch (probe.kind) {
    case 'icmp':
      return probe.through !== undefined || !isOnServer(probe.target, own);
    case 'tcp':
    case 'http':
      return !isOnServer(probe.target, own);
    case 'exec':
    case 'bgp':
      return false;
  }
};

/**
 * What leaves the machine in the default namespace, or through a tunnel,
 * carries the server's unicast address: answers to an anycast one come back elsewhere.
 */
function sourceOf(probe: Probe, inside: boolean, own: Own): CheckAddress | undefined {
  if (probe.kind === 'exec' || probe.kind === 'bgp' || inside || !mayBeFarAway(probe, own)) return undefined;
  return familyOfTarget(probe.target) === 4 ? 'self' : 'self6';
}

/** RFC 4271's own timers judge a session: one look is a verdict. */
const AT_ONCE = { intervalMs: 1_000, timeoutMs: 1_000, rise: 1, fall: 1 };

function timingOf(written: DraftCheck): Pick<Check, 'intervalMs' | 'timeoutMs' | 'rise' | 'fall'> {
  if (written.type === 'bgp') return AT_ONCE;
  const { interval, timeout = Math.min(interval, LONGEST_DEFAULT_TIMEOUT_MS), rise, fall } = written;
  return { intervalMs: interval, timeoutMs: timeout, rise, fall };
}

function checkOf(name: string, written: DraftCheck, own: Own): Check {
  const probe = probeOf(written);
  const inside = 'inside' in written && written.inside;
  const prefixes = 'prefixes' in written ? written.prefixes : undefined;
  const remote = ('remote' in written ? written.remote : undefined) ?? mayBeFarAway(probe, own);
  const source = ('source' in written ? written.source : undefined) ?? sourceOf(probe, inside, own);
  return {
    name,
    probe,
    ...timingOf(written),
    ...(source !== undefined && { source }),
    inside,
    remote,
    onDown: written.onDown ?? (remote ? 'degrade' : 'withdraw'),
    ...(prefixes && { prefixes }),
  };
}

/** Defaults filled in, in the order in which they were written. */
export const checksOf = (written: Readonly<Record<string, DraftCheck>>, own: Own): readonly Check[] =>
  Object.entries(written).map(([name, check]) => checkOf(name, check, own));
