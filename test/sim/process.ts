/** Machines and the processes on them: what runs, what stands still, and what time it thinks it is. */
import type { Clock, Timer } from '../../src/ports/clock.js';
import type { Happening, Host, Timeline } from './timeline.js';

/** 2026-01-01; wall clocks count from here. */
const EPOCH = Date.UTC(2026, 0, 1);
/** CLOCK_MONOTONIC counts from boot: no process may take it for zero. */
const UPTIME_MS = 1_000_000;

export class Machine {
  /** Of the wall clock, against true time. */
  wallShift = 0;
  private pausedAt: number | undefined;
  /** Time that the monotonic clock did not count. */
  private lost = 0;
  private readonly processes = new Set<Process>();

  constructor(readonly timeline: Timeline) {}

  now(): number {
    return UPTIME_MS + this.timeline.now - this.lost;
  }

  wall(): string {
    return new Date(EPOCH + this.timeline.now + this.wallShift).toISOString();
  }

  get paused(): boolean {
    return this.pausedAt !== undefined;
  }

  process(): Process {
    const process = new Process(this);
    this.processes.add(process);
    // Whoever is started on a machine that stands still waits with it.
    if (this.paused) process.hold();
    return process;
  }

  forget(process: Process): void {
    this.processes.delete(process);
  }

  pause(): void {
    if (this.paused) return;
    this.pausedAt = this.timeline.now;
    for (const process of this.processes) process.hold();
  }

  /** Nothing has happened for so long; whoever moves the events lets the clock stand still meanwhile. */
  skip(ms: number): void {
    this.lost += ms;
  }

  /** With `counted`, clocks have gone on; without, the machine never knows that it stood still. */
  resume(counted: boolean): void {
    if (this.pausedAt === undefined) return;
    const pausedForMs = this.timeline.now - this.pausedAt;
    this.pausedAt = undefined;
    if (!counted) {
      this.lost += pausedForMs;
      this.timeline.postpone((host) => host instanceof Process && this.processes.has(host), pausedForMs);
    }
    for (const process of this.processes) process.release(counted ? 0 : pausedForMs);
  }
}

export class Process implements Host {
  private alive = true;
  /** SIGSTOP, and the machine's own pause on top of it. */
  private holds = 0;
  private kept: Happening[] = [];
  private readonly mourners: (() => void)[] = [];

  constructor(private readonly machine: Machine) {}

  get isAlive(): boolean {
    return this.alive;
  }

  get isRunning(): boolean {
    return this.alive && this.holds === 0;
  }

  readonly clock: Clock = {
    now: () => this.machine.now(),
    wall: () => this.machine.wall(),
    after: (ms, call) => this.after(ms, call),
  };

  after(ms: number, call: () => void): Timer {
    const event = this.machine.timeline.after(ms, call, this);
    return { cancel: () => void (event.call = undefined) };
  }

  /** The answer of something outside: at once, or when `ms` have passed and this process runs. Never after its end. */
  hears<T>(ms: number, answer: () => T): Promise<T> {
    if (ms <= 0 && this.isRunning) return promised(answer);
    return new Promise((resolve, reject) => {
      this.after(ms, () => void promised(answer).then(resolve, reject));
    });
  }

  /** Calls when this process is killed or ends. */
  onEnd(call: () => void): void {
    this.mourners.push(call);
  }

  /** SIGKILL, or the end of an orderly exit. */
  end(): void {
    if (!this.alive) return;
    this.alive = false;
    this.kept = [];
    this.machine.forget(this);
    for (const call of this.mourners) call();
  }

  hold(): void {
    this.holds++;
  }

  release(lateMs = 0): void {
    this.holds--;
    if (this.holds > 0) return;
    const { kept } = this;
    this.kept = [];
    for (const event of kept) {
      const { call } = event;
      if (call) this.rearm(event, event.at + lateMs, call);
    }
  }

  receives(event: Happening): boolean {
    if (this.isRunning) return true;
    if (this.alive) this.kept.push(event);
    return false;
  }

  /** Whoever made it may still cancel it. */
  private rearm(event: Happening, at: number, call: () => void): void {
    this.machine.timeline.at(
      at,
      () => {
        if (event.call !== call) return;
        event.call = undefined;
        call();
      },
      this,
    );
  }
}

function promised<T>(answer: () => T): Promise<T> {
  try {
    return Promise.resolve(answer());
  } catch (error) {
    return Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }
}
