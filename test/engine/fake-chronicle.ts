import type { Happening, RecordedEvent, Recorder } from '../../src/model/event.js';
import type { Chronicle } from '../../src/ports/chronicle.js';
import type { VirtualClock } from '../virtual-clock.js';

/** A record in memory. */
export class FakeChronicle implements Chronicle {
  events: RecordedEvent[] = [];

  constructor(
    private readonly clock: VirtualClock,
    private readonly by: Recorder,
  ) {}

  record(event: Happening): void {
    this.events.push({ at: this.clock.wall(), ms: this.clock.now(), boot: 'b1', by: this.by, ...event });
  }

  /** Of one kind, in order. */
  of<K extends Happening['kind']>(kind: K): readonly Extract<RecordedEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<RecordedEvent, { kind: K }> => event.kind === kind);
  }
}
