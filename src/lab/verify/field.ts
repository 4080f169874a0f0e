/** The hands of verify inside the lab: commands, counters, traffic. */
import type { ExecResult, StreamHandle, StreamHandlers } from '../../ports/exec.js';
import type { Clock } from '../../ports/clock.js';
import type { ReceiverReport } from '../traffic/receive.js';
import type { SendOptions, Sent } from '../traffic/send.js';

export type Argv = readonly [string, ...string[]];

/** A deployed lab, entered node by node. */
export interface LabNodes {
  run(
    node: string,
    argv: Argv,
    options?: { readonly input?: string; readonly timeoutMs?: number; readonly signal?: AbortSignal },
  ): Promise<ExecResult>;
  stream(node: string, argv: Argv, handlers: StreamHandlers): StreamHandle;
}

/** A step did not see what it should have seen. The message says what it saw instead. */
export class Unexpected extends Error {
  override readonly name = 'Unexpected';
}

export function expect(condition: boolean, saw: string): asserts condition {
  if (!condition) throw new Unexpected(saw);
}

export interface FieldOptions {
  readonly nodes: LabNodes;
  readonly clock: Clock;
  /** Program and script that run `src/main/lab-traffic.ts`. */
  readonly traffic: Argv;
  /** The emulated kernel of `test:vm` is many times slower: bounds on time are reported there, not asserted. */
  readonly slow: boolean;
  /** Fires when nobody wants to see more: what is under way then fails, and what puts it right afterwards runs to its end. */
  readonly stop: AbortSignal;
  say(text: string): void;
}

const POLL_MS = 50;

/** In an emulated machine all bounds are so many times longer … */
const SLOWNESS = 30;
/** … and looking leaves those that are looked at most of the time. */
const SLOW_POLL_MS = 3_000;

/** Within which a traffic program says something when it is asked. */
const ANSWER_MS = 30_000;

export class Field {
  constructor(private readonly options: FieldOptions) {}

  get clock(): Clock {
    return this.options.clock;
  }

  get slow(): boolean {
    return this.options.slow;
  }

  get stopped(): boolean {
    return this.options.stop.aborted;
  }

  private bound(ms: number): number {
    return this.slow ? ms * SLOWNESS : ms;
  }

  private get pollMs(): number {
    return this.slow ? SLOW_POLL_MS : POLL_MS;
  }

  say(text: string): void {
    this.options.say(text);
  }

  /** Runs a command to its end; any exit code is an answer. */
  attempt(node: string, argv: Argv, options: { input?: string; timeoutMs?: number } = {}): Promise<ExecResult> {
    const { timeoutMs = 30_000 } = options;
    const { nodes, stop } = this.options;
    return nodes.run(node, argv, { ...options, timeoutMs: this.bound(timeoutMs), signal: stop });
  }

  /** Runs a command that has to succeed; resolves to its output. */
  async run(node: string, argv: Argv, options: { input?: string; timeoutMs?: number } = {}): Promise<string> {
    const result = await this.attempt(node, argv, options);
    expect(
      result.code === 0,
      `${node}: ${argv.join(' ')} ended with ${result.code}: ${(result.stderr || result.stdout).trim().slice(0, 300)}`,
    );
    return result.stdout;
  }

  shell(node: string, script: string, options: { timeoutMs?: number } = {}): Promise<string> {
    return this.run(node, ['sh', '-c', script], options);
  }

  stream(node: string, argv: Argv, handlers: StreamHandlers): StreamHandle {
    return this.options.nodes.stream(node, argv, handlers);
  }

  sleep(ms: number): Promise<void> {
    const { clock, stop } = this.options;
    return new Promise((resolve, reject) => {
      const timer = clock.after(ms, () => {
        stop.removeEventListener('abort', end);
        resolve();
      });
      const end = (): void => {
        timer.cancel();
        reject(new Unexpected('interrupted'));
      };
      stop.addEventListener('abort', end, { once: true });
    });
  }

  /** Polls until `look` returns something; rejects with what it `saw` last. Resolves to the value and the milliseconds it took. */
  async until<T>(
    what: string,
    boundMs: number,
    look: () => Promise<T | undefined>,
    saw: () => string = () => '',
  ): Promise<{ value: T; tookMs: number }> {
    const began = this.clock.now();
    const bound = this.bound(boundMs);
    for (;;) {
      const value = await look();
      const tookMs = this.clock.now() - began;
      if (value !== undefined) return { value, tookMs };
      const last = saw();
      expect(tookMs < bound, `not within ${bound} ms: ${what}${last === '' ? '' : `; saw ${last}`}`);
      await this.sleep(this.pollMs);
    }
  }

  /** A bound on time: asserted on a machine at full speed, only said in an emulated one. */
  within(what: string, tookMs: number, boundMs: number): void {
    this.say(`${what}: ${Math.round(tookMs)} ms (bound ${boundMs} ms)`);
    if (!this.slow) expect(tookMs <= boundMs, `${what} took ${Math.round(tookMs)} ms, more than ${boundMs} ms`);
  }

  /** Sends so many datagrams from a node. */
  send(node: string, options: Omit<SendOptions, 'signal'> & { readonly packets: number }): Promise<Sent> {
    const seconds = (options.flows * options.packets) / options.packetsPerSecond;
    return this.run(node, [...this.options.traffic, 'send', JSON.stringify(options)], {
      timeoutMs: (seconds + 30) * 1000,
    }).then((output) => JSON.parse(output) as Sent);
  }

  /** Sends from a node while `during` runs; resolves to what was sent. */
  async sending(
    node: string,
    options: Omit<SendOptions, 'signal' | 'packets'>,
    during: () => Promise<void>,
  ): Promise<Sent> {
    return this.conversing(node, ['send', JSON.stringify(options)], async (ask) => {
      await during();
      return JSON.parse(await ask('stop')) as Sent;
    });
  }

  /**
   * Counts datagrams on a node's port while `during` runs. A report is what had
   * arrived when nothing more did: those on their way when it is asked for count.
   */
  async receiving<T>(
    node: string,
    port: number,
    during: (report: () => Promise<ReceiverReport>) => Promise<T>,
  ): Promise<T> {
    return this.conversing(node, ['receive', String(port)], (ask) =>
      during(async () => {
        const count = async (): Promise<ReceiverReport> => JSON.parse(await ask('report')) as ReceiverReport;
        for (let last = await count(); ;) {
          await this.sleep(this.pollMs);
          const report = await count();
          if (report.received === last.received) return report;
          last = report;
        }
      }),
    );
  }

  /** A traffic program in a node, once it says that it is ready: every line it is told, it answers with one. */
  private async conversing<T>(
    node: string,
    words: readonly string[],
    during: (ask: (line: string) => Promise<string>) => Promise<T>,
  ): Promise<T> {
    const title = `${node}: lab-traffic ${words.join(' ')}`;
    let over: string | undefined;
    let settle: { answer(line: string): void; fail(why: string): void } | undefined;
    const next = (): Promise<string> => {
      const answered = new Promise<string>((resolve, reject) => {
        settle = { answer: resolve, fail: (why) => reject(new Unexpected(`${title} ${why}`)) };
      });
      if (over !== undefined) settle?.fail(over);
      const patience = this.clock.after(this.bound(ANSWER_MS), () => settle?.fail('does not answer'));
      return answered.finally(() => patience.cancel());
    };
    const ready = next();
    const program = this.stream(node, [...this.options.traffic, ...words], {
      line: (text) => settle?.answer(text),
      ended: (reason) => {
        over = `ended: ${reason}`;
        settle?.fail(over);
      },
    });
    try {
      await ready;
      return await during((line) => {
        const answer = next();
        program.write(line);
        return answer;
      });
    } finally {
      await program.stop();
    }
  }
}
