/** A site's router: what it was told by each server, when, and at which level. */
import type { ServerView } from '../../src/model/fleet.js';
import type { Prefix } from '../../src/model/address.js';
import type { Path } from '../../src/model/path.js';
import type { Timeline } from './timeline.js';

/** As a receiver tells them apart; `strange` is neither. */
export type Heard = 'full' | 'degraded' | 'strange';

export interface Entry {
  readonly at: number;
  readonly server: string;
  readonly prefix: Prefix;
  /** Absent when it left. */
  readonly level: Heard | undefined;
  /** Whether an UPDATE said so, or the session ended. */
  readonly by: 'update' | 'session';
}

const GRACEFUL_SHUTDOWN = '65535:0';
const PREPENDS = 2;

/**
 * The level that a router can see, told by the attributes as measured: iBGP
 * needs LOCAL_PREF 0, eBGP prepends; both a higher MED and 65535:0.
 */
function heardLevel(view: ServerView, path: Path): Heard {
  const { asPath, communities, localPref, med = 0 } = path.attributes;
  const internal = view.site.routers.some(({ asn }) => asn === view.server.asn);
  const customer = view.fleet.customers.find(({ prefixes }) => prefixes.some(({ prefix }) => prefix === path.prefix));
  const origin = customer ? [customer.asn] : [];
  const prepended = [...Array<number>(PREPENDS).fill(view.server.asn), ...origin];
  const isPath = (wanted: readonly number[]): boolean => asPath.join() === wanted.join();
  const marked = communities.includes(GRACEFUL_SHUTDOWN);
  if (!marked && localPref === undefined && med === 0 && isPath(origin)) return 'full';
  const lowered = internal ? localPref === 0 && isPath(origin) : isPath(prepended);
  return marked && lowered && med > 0 ? 'degraded' : 'strange';
}

export class Router {
  readonly timeline: Entry[] = [];
  private readonly tables = new Map<string, Map<Prefix, { readonly path: Path; readonly level: Heard }>>();

  constructor(
    private readonly time: Timeline,
    private readonly told: (entry: Entry, path: Path | undefined) => void,
  ) {}

  levelFrom(server: string, prefix: Prefix): Heard | undefined {
    return this.tables.get(server)?.get(prefix)?.level;
  }

  prefixesFrom(server: string): readonly Prefix[] {
    return [...(this.tables.get(server)?.keys() ?? [])];
  }

  announced(view: ServerView, path: Path): void {
    const level = heardLevel(view, path);
    this.tableOf(view.server.name).set(path.prefix, { path, level });
    this.enter(view.server.name, path.prefix, level, 'update', path);
  }

  withdrawn(server: string, prefix: Prefix): void {
    if (this.tableOf(server).delete(prefix)) this.enter(server, prefix, undefined, 'update');
  }

  /** The session is gone: RFC 4271 9.1, and no graceful restart. */
  sessionEnded(server: string): void {
    const table = this.tableOf(server);
    for (const prefix of [...table.keys()]) {
      table.delete(prefix);
      this.enter(server, prefix, undefined, 'session');
    }
  }

  private enter(server: string, prefix: Prefix, level: Heard | undefined, by: Entry['by'], path?: Path): void {
    const entry = { at: this.time.now, server, prefix, level, by };
    this.timeline.push(entry);
    this.told(entry, path);
  }

  private tableOf(server: string): Map<Prefix, { readonly path: Path; readonly level: Heard }> {
    let table = this.tables.get(server);
    if (!table) this.tables.set(server, (table = new Map<Prefix, { readonly path: Path; readonly level: Heard }>()));
    return table;
  }
}
