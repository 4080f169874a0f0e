/** What an agent tells about itself over its socket. Plain data: it crosses a socket and is printed as JSON. */
import type { Prefix } from '../model/address.js';
import type { CheckHealth, TunnelHealth } from '../model/health.js';
import type { Intent } from '../model/intent.js';
import type { GroupSupport, NamedCounter } from '../model/kernel.js';
import type { WireState } from '../model/lease.js';
import type { Announcement } from '../model/path.js';

export interface AgentStatus {
  readonly server: string;
  readonly generation: string;
  readonly pid: number;
  /** Wall clock, ISO 8601. */
  readonly startedAt: string;
  /** `kernel` or `tun`, and why. */
  readonly tunnelDriver: string;
  /** What this kernel's nexthop groups can do. */
  readonly groups: GroupSupport;
  readonly pass: PassStatus;
  readonly customers: readonly CustomerStatus[];
  readonly dataPlane: readonly DataPlaneStatus[];
  readonly tunnels: readonly TunnelStatus[];
  readonly checks: readonly CheckStatus[];
  /** What operators want; `unreadable` when the record of it cannot be understood. */
  readonly intents: readonly Intent[] | 'unreadable';
  readonly announcements: readonly Announcement[];
  readonly counters: readonly NetnsCounters[];
  /** Repairs of things that changed without us. Newest last, bounded. */
  readonly drift: readonly DriftReport[];
  /** As the guard answered last; absent until it has. */
  readonly wire?: WireState;
  /** Why the guard does not hold our set at the moment. */
  readonly guardProblem?: string;
}

/** Whose prefixes stand on whose tunnels and checks. */
export interface CustomerStatus {
  readonly name: string;
  readonly prefixes: readonly Prefix[];
}

export interface PassStatus {
  readonly count: number;
  /** Milliseconds. */
  readonly lastTook: number;
  /** Milliseconds since the kernel was last read back in full. */
  readonly age?: number;
  /** Why the last pass could not finish. */
  readonly problem?: string;
}

/** `subject` is a customer, or `endpoint` for what all of them share. */
export interface DataPlaneStatus {
  readonly subject: string;
  readonly state: 'verified' | 'fault' | 'unknown';
  readonly details: readonly string[];
}

export interface TunnelStatus {
  readonly customer: string;
  readonly tunnel: string;
  readonly health: TunnelHealth;
  /** Milliseconds in this state. */
  readonly forMs: number;
  /** Probes over the window by which tunnels are judged degraded. */
  readonly sent: number;
  readonly lost: number;
  /** Milliseconds. */
  readonly roundTrip?: number;
  readonly detail?: string;
}

export interface CheckStatus {
  /** `provider/dns`, `customers/acme/web`. */
  readonly check: string;
  readonly kind: string;
  /** `withdraw`, `degrade`, `ignore`. */
  readonly onDown: string;
  readonly health: CheckHealth;
  /** Milliseconds in this state. */
  readonly forMs: number;
  /** Milliseconds, of the last success. */
  readonly took?: number;
  /** Why the last sample was no success. */
  readonly detail?: string;
}

/** `netns` is '' for the default namespace. */
export interface NetnsCounters {
  readonly netns: string;
  readonly counters: readonly NamedCounter[];
}

export interface DriftReport {
  readonly at: string;
  readonly text: string;
}
