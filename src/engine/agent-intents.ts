/**
 * What operators want for single prefixes here, kept on disk: an agent that
 * restarts must not bring back what somebody took out.
 *
 * A record that cannot be understood is not an empty one. It stays as it is
 * until an operator's next word replaces it.
 */
import { intentRefusal, type Intents } from '../decide/intents.js';
import { parsePrefix, type Prefix } from '../model/address.js';
import type { ServerView } from '../model/fleet.js';
import type { Intent, IntentRequest } from '../model/intent.js';
import type { Clock } from '../ports/clock.js';
import type { Files } from '../ports/files.js';
import type { Log } from '../ports/log.js';

interface Entry {
  readonly intent: Intent;
  /** CLOCK_MONOTONIC, milliseconds: a step of the wall clock ends nothing early. */
  readonly endsAt: number;
}

export class IntentBook {
  private entries: ReadonlyMap<Prefix, Entry> | 'unreadable' = 'unreadable';
  private loaded = false;
  private problem: string | undefined;
  /** Whatever changes the record goes by what the change before has left of it. */
  private changing: Promise<unknown> = Promise.resolve();
  /** Those in force, as asked for last. */
  private live: { readonly of: ReadonlyMap<Prefix, Entry>; readonly intents: ReadonlyMap<Prefix, Intent> } | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    /** The folder of `path` exists. */
    private readonly record: { readonly files: Files; readonly path: string },
  ) {}

  /** The same map as before while none begins or ends. */
  get current(): Intents {
    const { entries } = this;
    if (entries === 'unreadable') return 'unreadable';
    const now = this.clock.now();
    const live = [...entries].filter(([, { endsAt }]) => now < endsAt);
    if (this.live?.of !== entries || this.live.intents.size !== live.length) {
      this.live = { of: entries, intents: new Map(live.map(([prefix, { intent }]) => [prefix, intent])) };
    }
    return this.live.intents;
  }

  /** When the next intent ends by itself. CLOCK_MONOTONIC, milliseconds. */
  get changesAt(): number | undefined {
    if (this.entries === 'unreadable') return undefined;
    const now = this.clock.now();
    const ends = [...this.entries.values()].map(({ endsAt }) => endsAt).filter((at) => at > now && Number.isFinite(at));
    return ends.length === 0 ? undefined : Math.min(...ends);
  }

  /** Reads the record until that has succeeded once, and takes out of it what has ended. Never rejects: the kernel is not to wait for a disk. */
  async refresh(): Promise<void> {
    if (!this.loaded || this.hasEnded) await this.inTurn(() => this.reread());
  }

  private get hasEnded(): boolean {
    const now = this.clock.now();
    return this.entries !== 'unreadable' && [...this.entries.values()].some(({ endsAt }) => now >= endsAt);
  }

  private inTurn<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.changing.then(change);
    this.changing = changed.catch(() => undefined);
    return changed;
  }

  private async reread(): Promise<void> {
    try {
      if (!this.loaded) await this.load();
      await this.forgetEnded();
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (problem !== this.problem) this.log.warn("the record of operators' intents", { problem });
      this.problem = problem;
    }
  }

  private async load(): Promise<void> {
    const text = await this.record.files.read(this.record.path);
    this.entries = this.understood(text ?? '[]') ?? 'unreadable';
    this.loaded = true;
    if (this.entries === 'unreadable') throw new Error(`${this.record.path} is not understood; say it all again`);
  }

  private async forgetEnded(): Promise<void> {
    if (this.entries === 'unreadable' || !this.hasEnded) return;
    const now = this.clock.now();
    await this.write(new Map([...this.entries].filter(([, { endsAt }]) => now < endsAt)));
  }

  /** On disk before it is in force. The last word about a prefix replaces the one before. Rejects when it could not come true. */
  put(request: IntentRequest, view: ServerView): Promise<Intent> {
    return this.inTurn(() => this.take(request, view));
  }

  private async take({ forMs, ...word }: IntentRequest, view: ServerView): Promise<Intent> {
    const refusal = intentRefusal(view, word);
    if (refusal !== undefined) throw new Error(refusal);
    await this.reread();
    const at = this.clock.wall();
    const until = forMs === undefined ? {} : { until: new Date(Date.parse(at) + forMs).toISOString() };
    const intent: Intent = { ...word, at, ...until };
    const before = this.entries === 'unreadable' ? [] : [...this.entries];
    await this.write(new Map([...before, [word.prefix, this.entryOf(intent)]]));
    this.log.info('an operator has spoken', { ...intent });
    return intent;
  }

  private entryOf(intent: Intent): Entry {
    const left = intent.until === undefined ? Infinity : Date.parse(intent.until) - Date.parse(this.clock.wall());
    return { intent, endsAt: this.clock.now() + left };
  }

  private async write(entries: ReadonlyMap<Prefix, Entry>): Promise<void> {
    const intents = [...entries.values()].map(({ intent }) => intent);
    await this.record.files.write(this.record.path, `${JSON.stringify(intents, null, 2)}\n`);
    this.entries = entries;
  }

  private understood(text: string): ReadonlyMap<Prefix, Entry> | undefined {
    try {
      const intents: unknown = JSON.parse(text);
      if (!Array.isArray(intents) || !intents.every(isIntent)) return undefined;
      return new Map(intents.map((intent) => [intent.prefix, this.entryOf(intent)]));
    } catch {
      return undefined;
    }
  }
}

function isIntent(value: unknown): value is Intent {
  if (typeof value !== 'object' || value === null) return false;
  const { prefix, want, author, reason, at, until } = value as Readonly<Record<string, unknown>>;
  return (
    typeof prefix === 'string' &&
    parsePrefix(prefix) === prefix &&
    (want === 'advertise' || want === 'withdraw') &&
    [author, reason].every((text) => typeof text === 'string') &&
    [at, until ?? at].every((time) => typeof time === 'string' && !Number.isNaN(Date.parse(time)))
  );
}
