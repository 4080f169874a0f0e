/**
 * The guard's own eyes while the agent is away: looks at what carries each
 * prefix, and names those whose way is proven broken.
 *
 * While the agent is there it only makes sure, rarely, that it can see what it
 * may have to judge; what it has never seen good it never calls broken.
 */
import { afterLook, type EssentialRecord, type EssentialService, unseen } from '../decide/essential.js';
import type { PrefixDecision } from '../decide/wire.js';
import type { Prefix } from '../model/address.js';
import type { Essential } from '../model/essential.js';
import type { Clock } from '../ports/clock.js';
import type { Checker } from '../ports/checker.js';
import type { EssentialChecks } from '../ports/essential.js';
import type { Journal } from './guard-journal.js';
import { ServiceWatch } from './guard-services.js';
import { Loop } from './loop.js';
import type { List } from '../model/list.js';

/** Between looks while the agent is away … */
const AWAY_MS = 200;
/** … and while it is there and something has not been seen yet. */
const ACQUAINT_MS = 1_000;
/** A look at many namespaces may take this share of the time at most: a quarter, and a twentieth while the agent is there. */
const AWAY_SHARE = 4;
const ACQUAINT_SHARE = 20;
const IDLE_MS = 3_600_000;

const NONE: ReadonlyMap<Prefix, string> = new Map();

const announcedBy = (decisions: List<PrefixDecision>): ReadonlySet<Prefix> =>
  new Set(decisions.flatMap(({ prefix, path }) => (path ? [prefix] : [])));

export interface EssentialWatchParts {
  readonly checks: EssentialChecks;
  /** For services. */
  readonly checker: Checker;
  readonly clock: Clock;
  readonly journal: Journal;
  /** What is proven broken has changed. */
  changed(): void;
}

export class EssentialWatch {
  /** Why each prefix cannot be carried; the same map while nothing changes. Empty while the agent is there. */
  broken: ReadonlyMap<Prefix, string> = NONE;
  private essentials: readonly Essential[] = [];
  private records = new Map<string, EssentialRecord>();
  private decisions: List<PrefixDecision> = [];
  private away = false;
  /** Looks that follow each other at once would prove nothing twice. */
  private notBefore = Number.NEGATIVE_INFINITY;
  private readonly loop: Loop;
  private readonly services: ServiceWatch;

  constructor(private readonly parts: EssentialWatchParts) {
    const { checker, journal } = parts;
    this.services = new ServiceWatch({ checker, journal, changed: () => this.conclude() });
    this.loop = new Loop({
      clock: parts.clock,
      periodMs: IDLE_MS,
      retryMs: ACQUAINT_MS,
      pass: () => this.look(),
      failed: (error) => parts.journal.condition('essential', String(error)),
    });
  }

  /** Goes by another fleet; what has been seen of a check that stays is kept. */
  follow(essentials: readonly Essential[], services: readonly EssentialService[]): void {
    this.services.follow(services);
    this.essentials = essentials;
    this.records = new Map(essentials.map(({ key }) => [key, this.records.get(key) ?? unseen]));
    this.conclude();
    if (this.decisions.some(({ path }) => path !== undefined)) this.loop.wake();
  }

  /** Tells whether the agent is away, and what stands: nothing else needs to be watched. */
  attend(away: boolean, decisions: List<PrefixDecision>): void {
    if (away === this.away && decisions === this.decisions) return;
    this.decisions = decisions;
    if (away !== this.away) this.change(away);
    this.loop.wake();
  }

  async stop(): Promise<void> {
    await Promise.all([this.loop.stop(), this.services.stop()]);
  }

  private async look(): Promise<void> {
    const { clock, checks } = this.parts;
    const began = clock.now();
    if (began < this.notBefore) return this.loop.wakeAfter(this.notBefore - began);
    const due = this.due();
    if (due.length === 0) return;
    const findings = await checks.look(due.map(({ check }) => check));
    for (const [index, { key }] of due.entries()) {
      const [record, finding] = [this.records.get(key), findings[index]];
      if (record && finding) this.records.set(key, afterLook(record, finding));
    }
    const unknown = findings.flatMap((finding) => (finding.state === 'unknown' ? [finding.detail] : []));
    this.parts.journal.condition('essential', unknown[0] && `cannot see what carries the prefixes: ${unknown[0]}`);
    const took = clock.now() - began;
    const gap = this.away ? Math.max(AWAY_MS, AWAY_SHARE * took) : Math.max(ACQUAINT_MS, ACQUAINT_SHARE * took);
    this.notBefore = began + gap;
    this.loop.wakeAfter(gap - took);
    this.conclude();
  }

  /** Of what is announced, or has been taken off the wire here. Nothing while the agent is there and all has been seen. */
  private due(): readonly Essential[] {
    const recordOf = ({ key }: Essential): EssentialRecord => this.records.get(key) ?? unseen;
    const open = this.essentials.filter((essential) => this.away || !recordOf(essential).seen);
    if (open.length === 0) return [];
    const announced = announcedBy(this.decisions);
    return open.filter(
      (essential) =>
        recordOf(essential).broken !== undefined || essential.prefixes.some((prefix) => announced.has(prefix)),
    );
  }

  /** The agent is back, or has just left: what was proven before is no proof any more. */
  private change(away: boolean): void {
    this.away = away;
    this.notBefore = Number.NEGATIVE_INFINITY;
    for (const [key, { seen }] of this.records) this.records.set(key, { seen, against: 0 });
    this.services.attend(away);
    this.conclude();
  }

  private conclude(): void {
    const broken = new Map<Prefix, string>();
    for (const { key, prefixes } of this.away ? this.essentials : []) {
      const detail = this.records.get(key)?.broken;
      if (detail === undefined) continue;
      for (const prefix of prefixes) broken.set(prefix, broken.get(prefix) ?? detail);
    }
    for (const [prefix, detail] of this.services.broken()) broken.set(prefix, broken.get(prefix) ?? detail);
    if (sameMap(broken, this.broken)) return;
    this.broken = broken.size === 0 ? NONE : broken;
    const details = [...new Set(broken.values())];
    this.parts.journal.condition(
      'essential-broken',
      details.length === 0 ? undefined : `the agent is away, and this is broken: ${told(details)}`,
    );
    this.parts.changed();
  }
}

/** Longer lists are cut: the wire state has every prefix. */
const NAMED = 3;

const told = (details: readonly string[]): string =>
  details.slice(0, NAMED).join('; ') + (details.length > NAMED ? ` and ${details.length - NAMED} more` : '');

const sameMap = (a: ReadonlyMap<Prefix, string>, b: ReadonlyMap<Prefix, string>): boolean =>
  a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
