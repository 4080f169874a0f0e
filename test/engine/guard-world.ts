import { Guard } from '../../src/engine/guard.js';
import { prefix } from '../../src/model/address.js';
import type { ServerView } from '../../src/model/fleet.js';
import type { OfferAnswer, WireState } from '../../src/model/lease.js';
import type { Level } from '../../src/model/level.js';
import type { Announcement } from '../../src/model/path.js';
import { amsS1 } from '../acme.js';
import { FakeSpeaker } from '../fake-speaker.js';
import { VirtualClock } from '../virtual-clock.js';
import { FakeChecker } from './fake-checker.js';
import { FakeChronicle } from './fake-chronicle.js';
import { FakeEssential } from './fake-essential.js';
import { MemoryFiles } from './memory-files.js';

export const V4 = prefix('203.0.113.0/24');
export const V6 = prefix('2001:db8:acf::/48');
export const COVERING = prefix('192.0.2.0/24');

export const asking = (level: Level, text: string = V4, asPath: readonly number[] = [64512]): Announcement => ({
  prefix: prefix(text),
  level,
  asPath,
  reasons: [{ code: level === 'full' ? 'healthy' : 'tunnels-down' }],
});

const STATE_DIR = '/state';

/** One guard, a speaker that remembers, and an agent at the end of a string. */
export class GuardWorld {
  readonly clock = new VirtualClock();
  readonly files = new MemoryFiles();
  readonly chronicle = new FakeChronicle(this.clock, 'guard');
  speaker = new FakeSpeaker();
  readonly essential = new FakeEssential();
  readonly checker = new FakeChecker(this.clock);
  /** Customers' packets that have arrived by a given time. */
  carried: ((now: number) => number) | undefined;
  guard!: Guard;
  view: ServerView;
  /** What a reload finds. */
  onDisk: ServerView | Error;
  fatal: Error | undefined;
  logged: string[] = [];
  private readonly agent = { name: 'agent' };
  private epoch = 0;
  private sequence = 0;

  constructor(view: ServerView = amsS1()) {
    this.view = view;
    this.onDisk = view;
  }

  async start(): Promise<void> {
    this.guard = await this.create();
    this.guard.start();
    await this.clock.settle();
  }

  /** A guard that was killed leaves everything; the next one starts beside it. */
  async crashAndReturn(): Promise<void> {
    await this.guard.abandon();
    await this.start();
  }

  async hello(caller: object = this.agent, pid = 100): Promise<WireState> {
    const answer = await this.run(this.guard.hello(this.view.server.name, pid, caller));
    if (!answer.accepted) throw new Error(answer.detail);
    this.epoch = answer.epoch;
    this.sequence = 0;
    return answer.wire;
  }

  get currentEpoch(): number {
    return this.epoch;
  }

  offer(announcements: readonly Announcement[], change: object = {}): Promise<OfferAnswer> {
    return this.run(
      this.guard.offer({
        server: this.view.server.name,
        generation: this.view.fleet.generation,
        epoch: this.epoch,
        sequence: ++this.sequence,
        ttlMs: this.view.fleet.safety.leaseMs,
        announcements,
        ...change,
      }),
    );
  }

  /** Renews as an agent does, four times per lease. */
  async renewing(announcements: readonly Announcement[], ms: number, change: object = {}): Promise<void> {
    for (let passed = 0; passed < ms; passed += 250) {
      await this.offer(announcements, change);
      await this.clock.advance(250);
    }
  }

  async levelOf(
    text: string = V4,
  ): Promise<[level: Level, held: Level | 'unknown', settled: boolean, ...codes: string[]]> {
    const { prefixes } = await this.guard.status();
    const found = prefixes.find(({ prefix }) => prefix === text);
    if (!found) throw new Error(`${text} is not in the wire state`);
    return [found.level, found.held, found.settled, ...found.reasons.map(({ code }) => code)];
  }

  /** Waits for a call, letting time pass as long as it takes. */
  async run<T>(call: Promise<T>): Promise<T> {
    let over = false;
    const done = call.finally(() => (over = true));
    done.catch(() => undefined);
    await this.clock.settle();
    for (let step = 0; step < 3_000 && !over; step++) await this.clock.advance(10);
    return done;
  }

  private create(): Promise<Guard> {
    const say = (text: string): void => void this.logged.push(text);
    return Guard.open(
      {
        speaker: this.speaker,
        essential: this.essential,
        traffic: { packets: () => this.carried?.(this.clock.now()) },
        checker: this.checker,
        clock: this.clock,
        files: this.files,
        log: { info: say, warn: say, error: say },
        chronicle: this.chronicle,
        stateDir: STATE_DIR,
        listenPort: 179,
        reload: async () => {
          if (this.onDisk instanceof Error) throw this.onDisk;
          return this.onDisk;
        },
        fatal: (error) => (this.fatal = error),
      },
      this.view,
    );
  }
}
