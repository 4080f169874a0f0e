/** Services on this machine, checked by the guard while the agent is away. */
import { afterLook, type EssentialRecord, type EssentialService, vouchedFor } from '../decide/essential.js';
import type { Prefix } from '../model/address.js';
import type { CheckKey, CheckSample } from '../model/check.js';
import type { EssentialFinding } from '../model/essential.js';
import type { Checker } from '../ports/checker.js';
import type { Journal } from './guard-journal.js';

export class ServiceWatch {
  private services: readonly EssentialService[] = [];
  private records = new Map<CheckKey, EssentialRecord>();
  private away = false;
  private started = false;

  constructor(
    private readonly parts: {
      readonly checker: Checker;
      readonly journal: Journal;
      /** What is proven broken has changed. */
      changed(): void;
    },
  ) {}

  follow(services: readonly EssentialService[]): void {
    this.services = services;
    this.records = new Map(services.map(({ spec: { key } }) => [key, this.records.get(key) ?? vouchedFor]));
    if (this.away) this.configure();
  }

  /** Checks run only while the agent is away; each time they begin anew. */
  attend(away: boolean): void {
    if (away === this.away) return;
    this.away = away;
    this.records = new Map(this.services.map(({ spec: { key } }) => [key, vouchedFor]));
    this.configure();
    this.parts.changed();
  }

  /** Why each prefix cannot be carried, one entry per broken service. */
  broken(): readonly (readonly [Prefix, string])[] {
    return this.services.flatMap(({ spec: { key }, prefixes }) => {
      const detail = this.records.get(key)?.broken;
      return detail === undefined ? [] : prefixes.map((prefix) => [prefix, detail] as const);
    });
  }

  async stop(): Promise<void> {
    if (this.started) await this.parts.checker.stop();
  }

  private configure(): void {
    const { checker, journal } = this.parts;
    if (this.services.length === 0 && !this.started) return;
    checker.configure(this.away ? this.services.map(({ spec }) => spec) : []);
    if (this.started) return;
    this.started = true;
    checker.start({
      sample: (sample) => this.take(sample),
      broken: (reason) => journal.condition('services', `services are not checked: ${reason}`),
    });
  }

  private take(sample: CheckSample): void {
    const [record, service] = [
      this.records.get(sample.check),
      this.services.find(({ spec }) => spec.key === sample.check),
    ];
    if (!this.away || !record || !service) return;
    this.parts.journal.condition('services', undefined);
    const next = afterLook(record, findingOf(sample), service);
    this.records.set(sample.check, next);
    if (next.broken !== record.broken) this.parts.changed();
  }
}

function findingOf({ check, outcome, detail = 'no answer' }: CheckSample): EssentialFinding {
  switch (outcome) {
    case 'ok':
      return { state: 'good' };
    case 'failed':
      return { state: 'broken', detail: `${check}: ${detail}` };
    case 'unsent':
      return { state: 'unknown', detail };
  }
}
