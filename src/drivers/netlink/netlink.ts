/** The kernel's own notices as wake-ups, through `ip monitor`. */
import type { Clock, Timer } from '../../ports/clock.js';
import type { Exec, StreamHandle } from '../../ports/exec.js';
import type { KernelEvents } from '../../ports/kernel.js';

/**
 * All namespaces that the default one has an id for, which each gets with its
 * veth pair. Neighbours are left out: they change with every flow.
 * setpriv ends the monitor when this process is killed.
 */
const MONITOR = [
  'setpriv',
  '--pdeathsig',
  'TERM',
  '--',
  'ip',
  '-oneline',
  'monitor',
  'link',
  'address',
  'route',
  'rule',
  'nexthop',
  'nsid',
  'all-nsid',
] as const;

/** Doubling from the first to the last; a monitor that lived longer than the last begins anew. */
const BACKOFF_MS = { first: 100, last: 5_000 } as const;

/**
 * Lines are not parsed: they only say that a look is due. Events may be lost
 * while the monitor is down, so its loss and its return wake too.
 */
export function createKernelEvents(exec: Exec, clock: Clock): KernelEvents {
  return { watch: (wake) => new Monitor(exec, clock, wake) };
}

class Monitor {
  private handle: StreamHandle | undefined;
  private timer: Timer | undefined;
  private stopped = false;
  private backoff: number = BACKOFF_MS.first;
  private startedAt = 0;

  constructor(
    private readonly exec: Exec,
    private readonly clock: Clock,
    private readonly wake: () => void,
  ) {
    this.start();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.handle?.stop();
  }

  private start(): void {
    this.startedAt = this.clock.now();
    this.handle = this.exec.stream(MONITOR, {
      line: () => {
        if (!this.stopped) this.wake();
      },
      ended: () => this.restart(),
    });
    this.wake();
  }

  private restart(): void {
    if (this.stopped) return;
    if (this.clock.now() - this.startedAt > BACKOFF_MS.last) this.backoff = BACKOFF_MS.first;
    this.timer = this.clock.after(this.backoff, () => this.start());
    this.backoff = Math.min(this.backoff * 2, BACKOFF_MS.last);
    this.wake();
  }
}
