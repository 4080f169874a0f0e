/**
 * Events on disk: one JSON object per line, appended, in two generations.
 *
 * Invariants: one write is under way at a time; the two files together never
 * hold more than twice `FILE_BYTES`; what waits in memory never exceeds
 * `MOST_WAITING` events; nobody who records ever waits.
 */
import { appendFile, open, rename, stat } from 'node:fs/promises';
import type { Happening, Recorder, Stamp } from '../../model/event.js';
import type { Chronicle } from '../../ports/chronicle.js';
import type { Clock } from '../../ports/clock.js';
import type { Log } from '../../ports/log.js';

/** Each generation: some thousand events, which is weeks of ordinary life. */
const FILE_BYTES = 1_048_576;
/** Events that wait for a slow disk. */
const MOST_WAITING = 1_000;
/** How long an ending process waits for its last lines. */
const CLOSE_BOUND_MS = 500;

export interface ChronicleOptions {
  /** The folder exists. The older generation has `.1` behind its name. */
  readonly path: string;
  readonly by: Recorder;
  readonly boot: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Bytes per generation; 1 MiB unless given. */
  readonly fileBytes?: number;
}

export interface OpenChronicle extends Chronicle {
  /** Resolves when everything is written, or after half a second. */
  close(): Promise<void>;
}

export function openChronicle(options: ChronicleOptions): OpenChronicle {
  const { clock, by, boot, log } = options;
  const fileBytes = options.fileBytes ?? FILE_BYTES;
  const file = new BoundedFile(options.path, fileBytes);
  const waiting: (Stamp & Happening)[] = [];
  let lost = 0;
  let problem: string | undefined;
  let writing: Promise<void> | undefined;

  const stamped = (event: Happening): Stamp & Happening => ({
    ...{ at: clock.wall(), ms: Math.round(clock.now() * 1000) / 1000, boot, by },
    ...event,
  });
  /** Lines: as many as one generation holds. */
  const batch = (): readonly string[] => {
    const lines: string[] = [];
    for (let bytes = 0; waiting[0];) {
      const line = `${JSON.stringify(waiting[0])}\n`;
      bytes += Buffer.byteLength(line);
      if (lines.length > 0 && bytes > fileBytes) break;
      lines.push(line);
      waiting.shift();
    }
    return lines;
  };
  const write = async (): Promise<void> => {
    while (waiting.length > 0) {
      const lines = batch();
      try {
        await file.append(lines.join(''));
        problem = undefined;
      } catch (error) {
        lost += lines.length;
        const text = error instanceof Error ? error.message : String(error);
        if (problem === undefined) log.warn('events are not kept', { problem: text });
        problem = text;
      }
      if (lost === 0 || problem !== undefined) continue;
      waiting.push(stamped({ kind: 'note', text: `${lost} events before this one are lost` }));
      lost = 0;
    }
  };
  const begin = (): void => {
    writing ??= write().finally(() => {
      writing = undefined;
      // Recorded between the last look and this.
      if (waiting.length > 0) begin();
    });
  };
  return {
    record(event) {
      if (waiting.length >= MOST_WAITING) lost++;
      else waiting.push(stamped(event));
      begin();
    },
    async close() {
      await new Promise<void>((resolve) => {
        const bound = clock.after(CLOSE_BOUND_MS, resolve);
        void Promise.resolve(writing).then(() => {
          bound.cancel();
          resolve();
        });
      });
    },
  };
}

class BoundedFile {
  /** Bytes; `undefined` before the first look. */
  private size: number | undefined;

  constructor(
    private readonly path: string,
    private readonly most: number,
  ) {}

  async append(text: string): Promise<void> {
    try {
      this.size ??= await this.begin();
      if (this.size > 0 && this.size + Buffer.byteLength(text) > this.most) {
        await rename(this.path, `${this.path}.1`);
        this.size = 0;
      }
      await appendFile(this.path, text, { mode: 0o600 });
      this.size += Buffer.byteLength(text);
    } catch (error) {
      // Part of it may be there.
      this.size = undefined;
      throw error;
    }
  }

  /** What is there already; a line that a power failure or a full disk cut off is ended, so that ours begins a new one. */
  private async begin(): Promise<number> {
    const found = await stat(this.path).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    });
    if (!found || found.size === 0) return 0;
    if (await this.isTorn(found.size)) {
      await appendFile(this.path, '\n');
      return found.size + 1;
    }
    return found.size;
  }

  private async isTorn(size: number): Promise<boolean> {
    const handle = await open(this.path, 'r');
    try {
      const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
      return buffer.toString() !== '\n';
    } finally {
      await handle.close();
    }
  }
}
