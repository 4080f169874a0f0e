/**
 * When this server last ran, kept on disk, and what follows from it when it
 * comes up again with nothing announced.
 */
import { type LastRunRecord, staleBoot } from '../decide/boot.js';
import type { ServerView } from '../model/fleet.js';
import type { Reason } from '../model/reason.js';
import type { Clock } from '../ports/clock.js';
import type { Files } from '../ports/files.js';
import type { Journal } from './guard-journal.js';

/** How far the record may lag behind. */
const NOTE_EVERY_MS = 600_000;

export class Boot {
  private record: LastRunRecord = 'none';
  private state: 'undecided' | 'held' | 'confirmed' = 'undecided';
  private notedAt = Number.NEGATIVE_INFINITY;
  private notedGeneration: string | undefined;

  constructor(
    private readonly parts: { readonly files: Files; readonly clock: Clock; readonly journal: Journal },
    /** Its folder exists. */
    private readonly path: string,
  ) {}

  async load(): Promise<void> {
    const text = await this.parts.files.read(this.path);
    this.record = text === undefined ? 'none' : parsed(text);
  }

  /** After the first look at the speaker: where something is announced, this is no boot. */
  decide(standing: boolean): void {
    if (this.state === 'undecided') this.state = standing ? 'confirmed' : 'held';
  }

  /** What keeps everything off the wire. A clock that was wrong at first may lift it later; nothing brings it back. */
  hold({ fleet }: ServerView): Reason | undefined {
    if (this.state !== 'held') return undefined;
    const reason = staleBoot(this.record, Date.parse(this.parts.clock.wall()), fleet.safety.bootMaxAgeMs);
    if (!reason) this.state = 'confirmed';
    return reason;
  }

  get isConfirmed(): boolean {
    return this.state === 'confirmed';
  }

  /** An operator has looked at the fleet. */
  confirm(): void {
    this.state = 'confirmed';
  }

  /** Notes that this server runs; seldom, and not before it may. A disk that is full holds nothing up. */
  async note({ fleet }: ServerView): Promise<void> {
    const now = this.parts.clock.now();
    const noted = this.notedGeneration === fleet.generation && now < this.notedAt + NOTE_EVERY_MS;
    if (this.state === 'confirmed' && !noted) await this.write(fleet.generation, now);
  }

  /** The last words of a guard that ends. */
  async end({ fleet }: ServerView): Promise<void> {
    if (this.state === 'confirmed') await this.write(fleet.generation, this.parts.clock.now());
  }

  private async write(generation: string, now: number): Promise<void> {
    [this.notedAt, this.notedGeneration] = [now, generation];
    const { files, clock, journal } = this.parts;
    const failure = await files.write(this.path, `${clock.wall()} ${generation}\n`).then(
      () => undefined,
      (error: unknown) => String(error),
    );
    journal.condition('last-run', failure && `cannot note that this server runs: ${failure}`);
  }
}

function parsed(text: string): LastRunRecord {
  const [written = '', generation] = text.trim().split(' ');
  const at = Date.parse(written);
  return generation === undefined || Number.isNaN(at) ? 'unreadable' : { at, generation };
}
