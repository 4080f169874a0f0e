/** What happened, in order: the last lines for people, and a hash of all of them that two equal runs share. */
import type { Timeline } from './timeline.js';

const KEPT = 200;

export class Trace {
  private lines: string[] = [];
  private state = 0x811c9dc5;
  count = 0;

  constructor(
    private readonly timeline: Timeline,
    /** Hears every line. */
    private readonly also?: (line: string) => void,
  ) {}

  note(text: string): void {
    const line = `${this.timeline.now.toFixed(1).padStart(9)}  ${text}`;
    for (let index = 0; index < line.length; index++)
      this.state = Math.imul(this.state ^ line.charCodeAt(index), 0x01000193) >>> 0;
    this.count++;
    this.lines.push(line);
    if (this.lines.length > 2 * KEPT) this.lines = this.lines.slice(-KEPT);
    this.also?.(line);
  }

  get hash(): string {
    return `${this.count}-${this.state.toString(16).padStart(8, '0')}`;
  }

  last(count: number): readonly string[] {
    return this.lines.slice(-count);
  }
}
