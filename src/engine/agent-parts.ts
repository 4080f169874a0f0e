import type { GroupSupport } from '../model/kernel.js';
import type { Checker } from '../ports/checker.js';
import type { Chronicle } from '../ports/chronicle.js';
import type { Clock } from '../ports/clock.js';
import type { Files } from '../ports/files.js';
import type { GuardClient } from '../ports/guard.js';
import type { KernelEvents } from '../ports/kernel.js';
import type { Log } from '../ports/log.js';
import type { Prober } from '../ports/prober.js';
import type { KernelDrivers } from './kernel.js';

/** What an agent works with. */
export interface AgentParts {
  readonly pid: number;
  readonly tunnelDriver: string;
  readonly groups: GroupSupport;
  readonly clock: Clock;
  readonly log: Log;
  /** What happens is recorded here. */
  readonly chronicle: Chronicle;
  readonly kernel: KernelDrivers;
  readonly events: KernelEvents;
  readonly prober: Prober;
  /** Without one, checks other than `bgp` are never made: what they govern stays pending. */
  readonly checker?: Checker;
  readonly guard: GuardClient;
  /** Where operators' intents are kept; their folder exists. An agent without it takes none. */
  readonly intents?: { readonly files: Files; readonly path: string };
}
