/**
 * Why a level is what it is. The list is closed: `explain`, `status`, the
 * journal and the documentation know every code and no others.
 */
export const REASONS = {
  healthy: 'data plane verified, at least one tunnel up, not draining',
  'not-advertised': 'the fleet says advertise: false',
  'left-fleet': 'the fleet no longer announces it from this server; it is leaving the wire',
  'not-allowed': 'outside the allow-list of this server; never announced',
  'data-plane-pending': 'the data plane has not been verified yet',
  'data-plane-fault': 'an object that carries this prefix is missing or wrong in the kernel',
  'data-plane-unknown': 'the kernel could not be read; the level stays',
  'endpoint-fault': 'this server cannot decapsulate: endpoint address or tunnels missing',
  'tunnels-pending': 'no tunnel of this prefix has been probed long enough yet',
  'tunnels-down': 'every tunnel of this prefix is down',
  'tunnels-unknown': 'tunnel probes give no answer either way; the level stays',
  'no-route': 'no route of this prefix names a tunnel',
  draining: 'an operator takes this server out: degraded first',
  drained: 'an operator took this server out',
  'agent-handover': 'the agent stopped in order; the wire stays until it returns or stopGrace ends',
  'agent-gone': 'no agent returned within stopGrace',
  'lease-lapsed': 'the agent has not renewed its desired set in time',
  'lease-probation': 'the agent is back after a lapse; full returns after ten renewals in a row',
  'essential-fault': 'the agent is away, and the guard has found broken what carries this prefix',
  'boot-stale': 'this server came up after a long time and announces nothing until culvert confirm',
  'no-desired-set': 'no agent has handed over a desired set yet',
} as const;

export type ReasonCode = keyof typeof REASONS;

export interface Reason {
  readonly code: ReasonCode;
  /** What exactly: `gre-us missing in cv-acme`. Never parsed by a program. */
  readonly detail?: string;
}
