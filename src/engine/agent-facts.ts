/** The agent's knowledge of tunnels: samples in, states out. */
import type { TunnelFact } from '../decide/footing.js';
import { lossesOf } from '../decide/loss-window.js';
import { afterSample, aged, unprobed, type TunnelRecord } from '../decide/tunnel-health.js';
import type { Server, ServerView, TunnelProbe } from '../model/fleet.js';
import type { ProbeSample, TunnelHealth } from '../model/health.js';
import type { TunnelStates } from '../model/safety.js';
import { netnsOf, tunnelDeviceOf } from '../model/naming.js';
import type { ProbeSpec } from '../ports/prober.js';
import type { TunnelStatus } from '../status/agent.js';
import type { Standing } from './agent-chronicle.js';

const key = (customer: string, tunnel: string): string => `${customer}/${tunnel}`;

export class TunnelFacts {
  /** Grows whenever some `fact` is another one. */
  revision = 0;
  private readonly records = new Map<string, TunnelRecord>();
  private probes = new Map<string, TunnelProbe>();
  private states: TunnelStates | undefined;

  /** Takes a new fleet over: records of tunnels that are gone are forgotten, the others kept. */
  follow(view: ServerView, now: number): void {
    this.probes = new Map(
      view.fleet.customers.flatMap((customer) =>
        customer.tunnels.map((tunnel): [string, TunnelProbe] => [key(customer.name, tunnel.name), tunnel.probe]),
      ),
    );
    this.states = view.fleet.safety.tunnels;
    this.revision++;
    for (const known of this.records.keys()) if (!this.probes.has(known)) this.records.delete(known);
    for (const wanted of this.probes.keys()) if (!this.records.has(wanted)) this.records.set(wanted, unprobed(now));
  }

  /** Returns true when the tunnel's health changed. */
  take(sample: ProbeSample): boolean {
    const id = key(sample.customer, sample.tunnel);
    const [record, probe] = [this.records.get(id), this.probes.get(id)];
    if (!record || !probe || !this.states) return false;
    const next = afterSample(record, sample, probe, this.states);
    this.note(id, record, next);
    return next.health !== record.health;
  }

  /** Lets knowledge without fresh proof lapse. */
  age(now: number): void {
    for (const [id, record] of this.records) {
      const probe = this.probes.get(id);
      if (probe) this.note(id, record, aged(record, now, probe));
    }
  }

  private note(id: string, before: TunnelRecord, now: TunnelRecord): void {
    this.records.set(id, now);
    if (now.health !== before.health || now.proven !== before.proven || now.since !== before.since) this.revision++;
  }

  fact(customer: string, tunnel: string): TunnelFact {
    const record = this.records.get(key(customer, tunnel));
    return record
      ? { tunnel, health: record.health, proven: record.proven, since: record.since }
      : { tunnel, health: 'unknown', proven: 'unknown', since: 0 };
  }

  /** For the choice of tunnels: one that was down carries nothing until it has been proven up. */
  lastVerdict(customer: string, tunnel: string): TunnelHealth {
    return this.fact(customer, tunnel).proven;
  }

  /** Some tunnel of this customer has lost a packet since then, and none after it has been answered. */
  lostSince(customer: string, at: number): boolean {
    return [...this.records].some(([id, record]) => id.startsWith(`${customer}/`) && isLosingSince(record, at));
  }

  /** Every tunnel of this server has. */
  allLostSince(at: number): boolean {
    return this.records.size > 0 && [...this.records.values()].every((record) => isLosingSince(record, at));
  }

  /** For the record. */
  get standing(): readonly Standing[] {
    return [...this.records].map(([id, { health, losingSince, unsent }]) => ({
      about: 'tunnel',
      subject: id,
      customer: id.slice(0, id.indexOf('/')),
      state: health,
      ...(unsent === undefined ? {} : { detail: unsent }),
      ...(health === 'down' ? { sign: losingSince } : {}),
    }));
  }

  status(now: number): readonly TunnelStatus[] {
    return [...this.records].map(([id, record]) => {
      const slash = id.indexOf('/');
      return {
        customer: id.slice(0, slash),
        tunnel: id.slice(slash + 1),
        health: record.health,
        forMs: Math.round(now - record.since),
        ...lossesOf(record.window),
        ...(record.roundTrip === undefined ? {} : { roundTrip: record.roundTrip }),
        ...(record.unsent === undefined ? {} : { detail: record.unsent }),
      };
    });
  }
}

const isLosingSince = ({ lossesInRow, lastProof }: TunnelRecord, at: number): boolean =>
  lossesInRow > 0 && lastProof !== undefined && lastProof >= at;

/** Whoever asks and whoever is asked: a reply looks as if the target had been asked. */
const echoOf = ({ v4 }: Server, { kind, target }: TunnelProbe): Pick<ProbeSpec, 'kind' | 'source' | 'target'> =>
  kind === 'request' ? { kind, source: v4, target } : { kind, source: target, target: v4 };

/** What the prober shall send: one probe per tunnel; what it proves returns to this server's unicast address. */
export function probesOf(view: ServerView): readonly ProbeSpec[] {
  return view.fleet.customers.flatMap((customer) =>
    customer.tunnels.map((tunnel) => ({
      customer: customer.name,
      tunnel: tunnel.name,
      netns: netnsOf(customer.name),
      device: tunnelDeviceOf(tunnel.name),
      ...echoOf(view.server, tunnel.probe),
      intervalMs: tunnel.probe.intervalMs,
      timeoutMs: tunnel.probe.timeoutMs,
    })),
  );
}
