/**
 * The operator's intent to take this server out, kept on disk: a guard that
 * restarts must not bring a server back that somebody took out.
 */
import type { DrainIntent, DrainVerdict } from '../decide/drain.js';
import type { DrainScope } from '../model/lease.js';
import type { Clock } from '../ports/clock.js';
import type { Files } from '../ports/files.js';
import type { CarriedTraffic } from '../ports/traffic.js';
import type { Rights } from './guard-rights.js';
import { TrafficWatch } from './guard-traffic.js';

type Phase = 'draining' | 'drained';

export class DrainRecord {
  /** As read or written last. */
  private phase: Phase | undefined;
  intent: DrainIntent | undefined;

  constructor(
    private readonly files: Files,
    /** Its folder exists. */
    private readonly path: string,
  ) {}

  /**
   * Reads what an earlier guard left. A drain that had ended stays ended: it
   * must not announce again, not even degraded. One that had not ended, or
   * whose record cannot be understood, begins again.
   */
  async load(now: number): Promise<void> {
    const text = await this.files.read(this.path);
    if (text === undefined) return;
    const [phase, scope] = text.trim().split(' ');
    this.phase = phase === 'drained' ? 'drained' : 'draining';
    const since = this.phase === 'drained' ? Number.NEGATIVE_INFINITY : now;
    this.intent = { want: 'out', scope: scope === 'site' ? 'site' : 'server', since };
  }

  /**
   * On disk before it is in force. A second drain does not start over, and one
   * of the whole site includes that of the server: what is out stays out.
   */
  async begin(scope: DrainScope, now: number): Promise<void> {
    const { intent, phase } = this;
    const isOut = intent?.want === 'out';
    if (isOut && (intent.scope === scope || intent.scope === 'site')) return;
    const stays = isOut && phase === 'drained';
    await this.write(stays ? phase : 'draining', scope);
    this.intent = { want: 'out', scope, since: stays ? Number.NEGATIVE_INFINITY : now };
  }

  /** The degraded phase is over. */
  async complete(): Promise<void> {
    if (this.phase === 'draining' && this.intent) await this.write('drained', this.intent.scope);
  }

  /** Back in service, in its own time. */
  async end(now: number): Promise<void> {
    await this.files.remove(this.path);
    this.phase = undefined;
    if (this.intent?.want === 'out') this.intent = { want: 'back', scope: this.intent.scope, since: now };
  }

  /** The server is back. */
  forget(): void {
    this.intent = undefined;
  }

  private async write(phase: Phase, scope: DrainScope): Promise<void> {
    await this.files.write(this.path, `${phase} ${scope}\n`);
    this.phase = phase;
  }
}

/** A drain and a return as they go on: the record, the packets that still arrive, and what both mean for the wire. */
export class Draining {
  private readonly watch: TrafficWatch;

  constructor(
    private readonly record: DrainRecord,
    private readonly rights: Rights,
    parts: { readonly traffic: CarriedTraffic; readonly clock: Clock; changed(): void },
  ) {
    this.watch = new TrafficWatch(parts);
    rights.flow = () => this.watch.flow;
    this.adopt();
  }

  async begin(scope: DrainScope, now: number): Promise<void> {
    await this.record.begin(scope, now);
    this.adopt();
  }

  async end(now: number): Promise<void> {
    await this.record.end(now);
    this.adopt();
  }

  /** After a pass. */
  async note({ state }: DrainVerdict): Promise<void> {
    if (state === 'drained') {
      this.watch.end();
      await this.record.complete();
    }
    if (state === 'in-service' && this.record.intent?.want === 'back') {
      this.record.forget();
      this.adopt();
    }
  }

  stop(): void {
    this.watch.end();
  }

  private adopt(): void {
    const { intent } = this.record;
    if (intent === this.rights.drainIntent) return;
    this.rights.drainIntent = intent;
    this.watch.end();
    if (intent?.want === 'out' && Number.isFinite(intent.since))
      this.watch.begin(intent.since + this.rights.view.fleet.safety.drainMs);
  }
}
