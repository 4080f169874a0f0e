/**
 * Checks: what an operator has tested beyond the kernel's own state, and what
 * comes of it. A check says how it is made (`probe`), what it governs, and
 * what its failure does; `rise` and `fall` turn its samples into a state.
 */
import type { Address, Prefix } from './address.js';
import type { Netns } from './kernel.js';

/** `self` and `self6` stand for the unicast addresses of the server that runs the check. */
export type CheckAddress = Address | 'self' | 'self6';

export type Probe<A = CheckAddress> = IcmpProbe<A> | TcpProbe<A> | HttpProbe<A> | ExecProbe | BgpProbe;

/** ICMP echo (RFC 792, RFC 4443 4.1). */
export interface IcmpProbe<A = CheckAddress> {
  readonly kind: 'icmp';
  readonly target: A;
  /** Leaves through this tunnel of the customer; the answer returns outside it. */
  readonly through?: string;
}

/** A TCP handshake, ended by a reset at once. */
export interface TcpProbe<A = CheckAddress> {
  readonly kind: 'tcp';
  readonly target: A;
  readonly port: number;
}

/** GET over HTTP/1.1 (RFC 9110, RFC 9112). The response must end, or 64 KiB of its body arrive, in time. */
export interface HttpProbe<A = CheckAddress> {
  readonly kind: 'http';
  readonly target: A;
  readonly port: number;
  /** Path and query. */
  readonly path: string;
  /** Host field, and the name a certificate is checked for; the address and port when absent. */
  readonly host?: string;
  /** HTTPS when present; `verify` against the system's authorities. */
  readonly tls?: { readonly verify: boolean };
  /** Status codes that are success. At least one. */
  readonly status: readonly number[];
  /** Must occur within the first 64 KiB of the body. */
  readonly body?: string;
}

/** A program; exit status 0 is success. It and every parent folder belong to root and to nobody else. */
export interface ExecProbe {
  readonly kind: 'exec';
  /** Absolute path, then arguments. No shell. */
  readonly command: readonly [string, ...string[]];
}

/** A session to this router is established. Says nothing at servers of other sites. */
export interface BgpProbe {
  readonly kind: 'bgp';
  readonly router: string;
}

/** What a check that is down does to the prefixes it governs. */
export type OnDown = 'withdraw' | 'degrade' | 'ignore';

/** Consecutive successes until up, consecutive failures until down, one probe every `intervalMs`. */
export interface CheckTiming {
  readonly intervalMs: number;
  /** At most the interval: one probe of a check is under way at a time. */
  readonly timeoutMs: number;
  readonly rise: number;
  readonly fall: number;
}

export interface Check extends CheckTiming {
  readonly name: string;
  readonly probe: Probe;
  /** Bound to; the kernel's own choice when absent. */
  readonly source?: CheckAddress;
  /** Runs in the customer's namespace rather than in the default one. */
  readonly inside: boolean;
  /** Its failure may be something far away: budgets and suspicion apply. */
  readonly remote: boolean;
  readonly onDown: OnDown;
  /** Of the customer's prefixes those that it governs; all when absent. */
  readonly prefixes?: readonly Prefix[];
}

/** `provider/dns`, `customers/acme/web`. */
export type CheckKey = string;

/** What the checker makes of a probe: everything but `bgp`, which is read from the guard's wire state. */
export type ActiveProbe = IcmpProbe<Address> | TcpProbe<Address> | HttpProbe<Address> | ExecProbe;

/** One check as one server runs it: names resolved. */
export interface CheckSpec {
  readonly key: CheckKey;
  readonly probe: ActiveProbe;
  /** Where it runs. */
  readonly netns: Netns;
  /** Leaves through this device in `netns`; the answer arrives in the default namespace. */
  readonly device?: string;
  readonly source?: Address;
  /** A local target without a route to it has failed; a remote one could not be asked. */
  readonly remote: boolean;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Beats fall on the multiples of the interval of CLOCK_MONOTONIC, moved by this: at least 0, less than the interval. */
  readonly phaseMs: number;
}

/** One probe's end. `unsent` had a cause of our own (no descriptor, no namespace, not permitted) and proves nothing. */
export interface CheckSample {
  readonly check: CheckKey;
  readonly outcome: 'ok' | 'failed' | 'unsent';
  /** CLOCK_MONOTONIC milliseconds. */
  readonly sentAt: number;
  /** Milliseconds from `sentAt` to the end. */
  readonly took: number;
  /** Why not ok, in one line. */
  readonly detail?: string;
}
