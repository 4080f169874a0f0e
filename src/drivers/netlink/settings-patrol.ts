/**
 * Looks at settings under /proc/sys, which change without an event. Reading
 * one takes 10 to 20 µs and no process; a patrol reads a bounded number and
 * goes on where the last one ended.
 */
import { readFileSync } from 'node:fs';
import type { Netns, SysctlState } from '../../model/kernel.js';
import { sysctlPath } from '../../model/naming.js';
import type { Clock, Timer } from '../../ports/clock.js';
import type { Namespaces } from '../../ports/namespaces.js';

const PATROL_MS = 800;
/** Less than a millisecond of work, whatever the number of customers; the agent's full look reads all of them. */
const READS_PER_PATROL = 32;

export interface SettingsPatrolOptions {
  readonly clock: Clock;
  /** /proc/sys/net shows the namespace of whoever reads it. */
  readonly namespaces: Namespaces;
  readonly settings: () => readonly SysctlState[];
  readonly differs: () => void;
}

export class SettingsPatrol {
  private timer: Timer | undefined;
  private next = 0;

  constructor(private readonly options: SettingsPatrolOptions) {}

  start(): void {
    this.timer = this.options.clock.after(PATROL_MS, () => {
      if (this.somethingDiffers()) this.options.differs();
      this.start();
    });
  }

  stop(): void {
    this.timer?.cancel();
  }

  private somethingDiffers(): boolean {
    const settings = this.options.settings();
    const due = Math.min(settings.length, READS_PER_PATROL);
    const byNetns = new Map<Netns, SysctlState[]>();
    for (let step = 0; step < due; step++) {
      const setting = settings[(this.next + step) % settings.length];
      if (setting) byNetns.set(setting.netns, [...(byNetns.get(setting.netns) ?? []), setting]);
    }
    this.next = due === 0 ? 0 : (this.next + due) % settings.length;
    return [...byNetns].some(([netns, some]) => this.someDiffers(netns, some));
  }

  private someDiffers(netns: Netns, settings: readonly SysctlState[]): boolean {
    try {
      return this.options.namespaces.within(netns, () => settings.some(differs));
    } catch {
      return true; // the namespace is gone, or cannot be entered: the full look will say which
    }
  }
}

/** A setting that is not there belongs to a device that is not there, which makes an event of its own. */
function differs({ key, value }: SysctlState): boolean {
  try {
    return readFileSync(sysctlPath(key), 'utf8').trim() !== value;
  } catch {
    return false;
  }
}
