/**
 * When an agent reads another fleet than the guard does, the guard reads its
 * own again. Until both agree, only what both allow is announced.
 */
import type { ServerView } from '../model/fleet.js';
import type { Clock } from '../ports/clock.js';
import type { Journal } from './guard-journal.js';

/** An agent renews several times a second; a bad file is read again this often at most. */
const RETRY_MS = 1_000;

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
      if (next.server.asn !== view.server.asn || next.server.v4 !== view.server.v4) {
        throw new Error('the new one gives this server another AS or address: drain it, restart gobgpd and guard');
      }
      this.journal.condition('fleet', undefined);
      this.journal.note(`fleet ${next.fleet.generation} replaces ${generation}`);
      return next;
    } catch (error) {
      this.journal.condition('fleet', `fleet ${generation} stays: ${(error as Error).message}`);
      return undefined;
    }
  }
}
