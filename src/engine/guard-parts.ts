import type { ServerView } from '../model/fleet.js';
import type { Checker } from '../ports/checker.js';
import type { Chronicle } from '../ports/chronicle.js';
import type { Clock } from '../ports/clock.js';
import type { EssentialChecks } from '../ports/essential.js';
import type { Files } from '../ports/files.js';
import type { Log } from '../ports/log.js';
import type { Speaker } from '../ports/speaker.js';
import type { CarriedTraffic } from '../ports/traffic.js';

/** What a guard works with. */
export interface GuardParts {
  readonly speaker: Speaker;
  readonly essential: EssentialChecks;
  /** For services, while the agent is away. */
  readonly checker: Checker;
  /** Counted during a drain. */
  readonly traffic: CarriedTraffic;
  readonly clock: Clock;
  readonly files: Files;
  readonly log: Log;
  /** What happens is recorded here. */
  readonly chronicle: Chronicle;
  /** What has to survive a restart; the folder exists. */
  readonly stateDir: string;
  /** TCP port for BGP; -1 does not listen. */
  readonly listenPort: number;
  /** Reads the fleet again. Rejects with a one-line message when it is bad. */
  reload(): Promise<ServerView>;
  /** The guard must not run: the speaker found at the start is somebody else's, or one we cannot talk to. */
  fatal(error: Error): void;
}
