/**
 * The operator's intent to take this server out, kept on disk: a guard that
 * restarts must not bring a server back that somebody took out.
 */
import type { DrainIntent } from '../decide/lease.js';
import type { Files } from '../ports/files.js';

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
    const text = (await this.files.read(this.path))?.trim();
    if (text === undefined) return;
    this.phase = text === 'drained' ? 'drained' : 'draining';
    this.intent = { since: this.phase === 'drained' ? Number.NEGATIVE_INFINITY : now };
  }

  /** On disk before it is in force. A second drain does not start over. */
  async begin(now: number): Promise<void> {
    if (this.intent) return;
    await this.write('draining');
    this.intent = { since: now };
  }

  /** The degraded phase is over. */
  async complete(): Promise<void> {
    if (this.phase === 'draining') await this.write('drained');
  }

  async end(): Promise<void> {
    await this.files.remove(this.path);
    this.phase = undefined;
    this.intent = undefined;
  }

  private async write(phase: Phase): Promise<void> {
    await this.files.write(this.path, `${phase}\n`);
    this.phase = phase;
  }
}
