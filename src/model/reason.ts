/**
 * Why a level is what it is. The list is closed: `explain`, `status`, the
 * journal and the documentation know every code and no others.
 */
export const REASONS = {
  healthy: 'data plane verified, at least one tunnel up, not draining',
  'not-advertised': 'the fleet says advertise: false',
  'on-demand': 'the fleet announces it on demand, and no operator has demanded it',
  'operator-withdraw': 'an operator wants it withdrawn here',
  'operator-advertise': 'an operator wants it announced here',
  'intents-unknown': 'the record of what operators want cannot be read; the level rises no further',
  'left-fleet': 'the fleet no longer announces it from this server; it is leaving the wire',
  'not-allowed': 'outside the allow-list of this server; never announced',
  'data-plane-pending': 'the data plane has not been verified yet',
  'data-plane-fault': 'an object that carries this prefix is missing or wrong in the kernel',
  'data-plane-unknown': 'the kernel could not be read, or a fault there is not proven yet; the level stays',
  'data-plane-stale': 'nothing has been proven about the kernel for safety.stale',
  'endpoint-fault': 'this server cannot decapsulate: endpoint address or tunnels missing',
  'tunnels-pending': 'no tunnel of this prefix has been probed long enough yet',
  'tunnels-down': 'every tunnel of this prefix is down',
  'tunnels-unknown': 'tunnel probes give no answer either way; the level stays',
  'tunnels-stale': 'tunnel probes have given no answer either way for safety.stale',
  'prober-suspected': 'remotes of too many customers failed together: our own probes are suspected',
  'remote-fault-kept': 'a remote fault degrades here: this server cannot see whether others announce it',
  'budget-exhausted': 'as much is withdrawn for remote faults as safety.maxWithdrawnShare permits',
  'last-sites': 'too few other sites announce it: safety.minSites',
  'check-down': 'a check that governs this prefix is down',
  'checks-pending': 'a check that governs this prefix has not been run long enough yet',
  'checks-unknown': 'a check gives no answer either way; the level stays',
  'checks-stale': 'a check has given no answer either way for safety.stale',
  'hold-down': 'it has flapped; full waits for a while without another flap',
  'no-route': 'no route of this prefix names a tunnel',
  draining: 'an operator takes this server out: degraded first',
  drained: 'an operator took this server out',
  returning: 'an operator brings this server back: degraded until routers can reach it',
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
