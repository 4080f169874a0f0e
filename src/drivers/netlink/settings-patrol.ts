/**
 * Looks at settings under /proc/sys, which change without an event. Reading
 * one takes 10 to 20 µs and no process. A patrol reads those of the default
 * namespace, on which everybody depends, and as many of the others as make a
 * round of all within ten seconds, and goes on where the last one ended.
 */
import { readFileSync } from 'node:fs';
import type { Netns, SysctlState } from '../../model/kernel.js';
import { DEFAULT_NETNS, sysctlPath } from '../../model/naming.js';
import type { Clock, Timer } from '../../ports/clock.js';
import type { Namespaces } from '../../ports/namespaces.js';

const PATROL_MS = 800;
const ROUND_MS = 10_000;
/** Reads of a patrol beyond the default namespace's: half a millisecond of work, and 10 ms where there are a thousand customers. */
const FEWEST_READS = 24;
const MOST_READS = 512;

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
    const inside = settings.filter(({ netns }) => netns !== DEFAULT_NETNS);
    const share = Math.ceil((inside.length * PATROL_MS) / ROUND_MS);
    const due = Math.min(inside.length, MOST_READS, Math.max(FEWEST_READS, share));
    const byNetns = new Map<Netns, SysctlState[]>();
    byNetns.set(
      DEFAULT_NETNS,
      settings.filter(({ netns }) => netns === DEFAULT_NETNS),
    );
    for (let step = 0; step < due; step++) {
      const setting = inside[(this.next + step) % inside.length];
      if (setting) byNetns.set(setting.netns, [...(byNetns.get(setting.netns) ?? []), setting]);
    }
    this.next = due === 0 ? 0 : (this.next + due) % inside.length;
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
