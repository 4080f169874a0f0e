/** Whether servers may be taken out together, judged by what every server of the fleet says of itself. */
import { comparePrefix, type Prefix } from '../model/address.js';
import type { Fleet } from '../model/fleet.js';
import type { DrainScope, WireState } from '../model/lease.js';

export interface Scope {
  readonly name: string;
  readonly kind: DrainScope;
  /** Names of the servers that go. */
  readonly servers: readonly string[];
}

/** Throws Error with one line when no site and no server, or both, have this name. */
export function scopeOf({ sites }: Fleet, name: string): Scope {
  const found: readonly Scope[] = sites.flatMap((site) => [
    ...(site.name === name ? [{ name, kind: 'site' as const, servers: site.servers.map((own) => own.name) }] : []),
    ...site.servers.flatMap((own) => (own.name === name ? [{ name, kind: 'server' as const, servers: [name] }] : [])),
  ]);
  const [scope, ...others] = found;
  if (scope && others.length === 0) return scope;
  if (scope) throw new Error(`${name} is a site and a server; rename one of them in the fleet`);
  const sitesAndServers = sites.flatMap((site) => [site.name, ...site.servers.map((own) => own.name)]);
  throw new Error(`no site or server ${name} in the fleet; it names ${sitesAndServers.join(', ')}`);
}

/** What one server said, or why it said nothing. */
export type Said = WireState | { readonly problem: string };

const isSilent = (said: Said | undefined): said is { readonly problem: string } | undefined =>
  said === undefined || 'problem' in said;

const announcedBy = (said: Said | undefined): readonly Prefix[] =>
  isSilent(said)
    ? []
    : said.prefixes.flatMap(({ prefix, held }) => (held === 'full' || held === 'degraded' ? [prefix] : []));

/** A full path that some router has been sent and that stays. */
const keptBy = (said: Said | undefined): readonly Prefix[] =>
  isSilent(said) || said.drain !== 'in-service' || !said.peers.some(({ state }) => state === 'established')
    ? []
    : said.prefixes.flatMap(({ prefix, level, held }) => (level === 'full' && held === 'full' ? [prefix] : []));

const NAMED = 3;

/**
 * Why these servers must not go now, as one line; `undefined` when every
 * prefix that one of them announces stays at full level somewhere else. A
 * server that does not answer is no reason to rely on it.
 */
export function drainRefusal(scope: Scope, said: ReadonlyMap<string, Said>): string | undefined {
  const leaving = new Set(scope.servers);
  const lost = new Set(scope.servers.flatMap((name) => announcedBy(said.get(name))));
  for (const [name, state] of said) if (!leaving.has(name)) for (const prefix of keptBy(state)) lost.delete(prefix);
  if (lost.size === 0) return undefined;
  const sorted = [...lost].sort(comparePrefix);
  const more = sorted.length > NAMED ? ` and ${sorted.length - NAMED} more` : '';
  const silent = [...said].flatMap(([name, state]) =>
    !leaving.has(name) && 'problem' in state ? [`${name} does not answer: ${state.problem}`] : [],
  );
  return (
    `without ${scope.name} no full path is left for ${sorted.slice(0, NAMED).join(', ')}${more}` +
    (silent.length > 0 ? ` (${silent.join('; ')})` : '')
  );
}
