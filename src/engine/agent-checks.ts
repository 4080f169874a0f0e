/** The agent's knowledge of checks: samples and the guard's sessions in, states out. */
import { governingChecks, type GoverningCheck } from '../decide/checks.js';
import { afterCheck, agedCheck, unchecked, type CheckRecord } from '../decide/check-health.js';
import type { CheckFact } from '../decide/footing.js';
import type { Prefix } from '../model/address.js';
import type { BgpProbe, CheckKey, CheckSample } from '../model/check.js';
import type { ServerView } from '../model/fleet.js';
import type { WireState } from '../model/lease.js';
import { same } from '../model/same.js';
import type { CheckStatus } from '../status/agent.js';
import type { Standing } from './agent-chronicle.js';

interface Followed extends GoverningCheck {
  readonly record: CheckRecord;
  /** When the first failure of the row ended. CLOCK_MONOTONIC, milliseconds. */
  readonly failingSince?: number;
}

interface Governing {
  readonly key: CheckKey;
  /** Not all of the owner's prefixes. */
  readonly only?: ReadonlySet<Prefix>;
}

export class CheckFacts {
  /** Grows whenever what `governing` says is something else. */
  revision = 0;
  private checks = new Map<CheckKey, Followed>();
  /** By owner; the provider's govern everything. */
  private byOwner = new Map<string | undefined, readonly Governing[]>();
  private view: ServerView | undefined;

  /** Takes a new fleet over: a check that asks something else than before begins anew, the others go on. */
  follow(view: ServerView, now: number): void {
    const before = this.checks;
    const governing = governingChecks(view);
    this.view = view;
    this.revision++;
    this.checks = new Map(
      governing.map((own) => {
        const known = before.get(own.key);
        const goesOn = known !== undefined && same(known.check.probe, own.check.probe);
        return [own.key, { ...own, record: goesOn ? known.record : unchecked(now) }];
      }),
    );
    this.byOwner = new Map();
    for (const { key, check, customer } of governing) {
      const own = { key, ...(check.prefixes && { only: new Set(check.prefixes) }) };
      this.byOwner.set(customer?.name, [...(this.byOwner.get(customer?.name) ?? []), own]);
    }
  }

  /** Returns true when the check's health changed. */
  take(sample: CheckSample): boolean {
    const known = this.checks.get(sample.check);
    if (!known) return false;
    const record = afterCheck(known.record, sample, known.check);
    const { failingSince: before, ...kept } = known;
    const failingSince = record.failures > 0 ? (before ?? record.lastProof) : undefined;
    this.note(known, { ...kept, record, ...(failingSince === undefined ? {} : { failingSince }) });
    return record.health !== known.record.health;
  }

  /** Sessions as the guard saw them last are samples of `bgp` checks, one per interval. Returns true when some health changed. */
  takeSessions(wire: WireState, now: number): boolean {
    let changed = false;
    for (const { key, check, record } of this.checks.values()) {
      if (check.probe.kind !== 'bgp' || now - (record.lastProof ?? -Infinity) < check.intervalMs) continue;
      const sample = { check: key, sentAt: now, took: 0, ...this.sessionWith(check.probe, wire) };
      changed = this.take(sample) || changed;
    }
    return changed;
  }

  /** Lets knowledge without fresh proof lapse. */
  age(now: number): void {
    for (const known of this.checks.values()) {
      const record = agedCheck(known.record, now, known.check);
      if (record !== known.record) this.note(known, { ...known, record });
    }
  }

  private note(before: Followed, now: Followed): void {
    this.checks.set(now.key, now);
    if (!isSameFact(before.record, now.record)) this.revision++;
  }

  /** Those that govern a prefix: the provider's, and those of the customer that owns it. */
  governing(prefix: Prefix, customer?: string): readonly CheckFact[] {
    const own = customer === undefined ? [] : (this.byOwner.get(customer) ?? []);
    return [...(this.byOwner.get(undefined) ?? []), ...own].flatMap(({ key, only }) => {
      const known = only?.has(prefix) === false ? undefined : this.checks.get(key);
      return known ? [factOf(known)] : [];
    });
  }

  /** For the record. */
  get standing(): readonly Standing[] {
    return [...this.checks.values()].map(({ key, customer, record: { health, detail }, failingSince }) => ({
      about: 'check',
      subject: key,
      ...(customer === undefined ? {} : { customer: customer.name }),
      state: health,
      ...(health === 'up' || detail === undefined ? {} : { detail }),
      ...(health === 'down' && failingSince !== undefined ? { sign: failingSince } : {}),
    }));
  }

  status(now: number): readonly CheckStatus[] {
    return [...this.checks.values()].map(({ key, check, record }) => ({
      check: key,
      kind: check.probe.kind,
      onDown: check.onDown,
      health: record.health,
      forMs: Math.round(now - record.since),
      ...(record.took === undefined ? {} : { took: record.took }),
      ...(record.detail === undefined ? {} : { detail: record.detail }),
    }));
  }

  private sessionWith({ router }: BgpProbe, wire: WireState): Pick<CheckSample, 'outcome' | 'detail'> {
    const { v4, v6 } = this.view?.site.routers.find(({ name }) => name === router) ?? {};
    if (wire.speaker !== 'ready') return { outcome: 'unsent', detail: `the speaker is ${wire.speaker}` };
    const sessions = wire.peers.filter(({ address }) => address === v4 || address === v6);
    if (sessions.some(({ state }) => state === 'established')) return { outcome: 'ok' };
    return { outcome: 'failed', detail: `${router}: ${sessions.map(({ state }) => state).join(', ') || 'no session'}` };
  }
}

/** Details of single samples differ from each other; a level's reason stands until the level changes. */
const toldDetail = ({ health, detail }: CheckRecord): string | undefined => (health === 'down' ? detail : undefined);

/** To those who decide; of one check. */
const isSameFact = (a: CheckRecord, b: CheckRecord): boolean =>
  a.health === b.health && a.proven === b.proven && a.since === b.since && toldDetail(a) === toldDetail(b);

function factOf({ key, check, customer, record }: Followed): CheckFact {
  const { health, proven, since } = record;
  const detail = toldDetail(record);
  return {
    key,
    ...(customer === undefined ? {} : { customer: customer.name }),
    health,
    proven,
    since,
    ...(detail === undefined ? {} : { detail }),
    onDown: check.onDown,
    remote: check.remote,
  };
}
