/**
 * When an agent reads another fleet than the guard does, the guard reads its
 * own again. Until both agree, only what both allow is announced.
 */
import type { Server, ServerView } from '../model/fleet.js';
import type { Clock } from '../ports/clock.js';
import type { Journal } from './guard-journal.js';

/** An agent renews several times a second; a bad file is read again this often at most. */
const RETRY_MS = 1_000;

/** What a running guard cannot go over to: the daemon that it commands was started as what it is, and another one begins with nothing. */
function obstacleTo(before: Server, { name, asn, v4, speaker }: Server): string | undefined {
  if (asn !== before.asn || v4 !== before.v4) {
    return `the new one gives ${name} another AS or address: drain it, restart its speaker and guard`;
  }
  if (speaker === before.speaker) return undefined;
  return `the new one gives ${name} speaker: ${speaker}, and it runs ${before.speaker}: drain it, start ${speaker} in place of ${before.speaker}, restart guard`;
}

export class FleetFollower {
  private retryAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly clock: Clock,
    private readonly journal: Journal,
    private readonly reload: () => Promise<ServerView>,
  ) {}

  /** The view to go over to, if the fleet on disk is another one than `view` and fit to follow. */
  async successor(view: ServerView, offered: string | undefined): Promise<ServerView | undefined> {
    const { generation } = view.fleet;
    if (offered === undefined || offered === generation || this.clock.now() < this.retryAt) return undefined;
    this.retryAt = this.clock.now() + RETRY_MS;
    try {
      const next = await this.reload();
      if (next.fleet.generation === generation) {
        this.journal.condition('fleet', `the agent goes by fleet ${offered}, the file here is ${generation}`);
        return undefined;
      }
      const obstacle = obstacleTo(view.server, next.server);
      if (obstacle !== undefined) throw new Error(obstacle);
      this.journal.condition('fleet', undefined);
      this.journal.note(`fleet ${next.fleet.generation} replaces ${generation}`);
      return next;
    } catch (error) {
      this.journal.condition('fleet', `fleet ${generation} stays: ${(error as Error).message}`);
      return undefined;
    }
  }
}
