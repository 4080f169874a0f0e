import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Anchor, pidOf } from './anchor.js';
import { until } from './until.js';

/** One session of the receiver; on port 179 of `local` only; a speaker in the same anchor listens on none (-1) or on another port. */
export interface ReceiverSession {
  /** Protocol name in BIRD: `[a-z0-9_]+`. */
  readonly name: string;
  readonly local: string;
  readonly localAsn: number;
  readonly remote: string;
  readonly remoteAsn: number;
  /** Where this receiver tries to connect to; 179 unless given. */
  readonly remotePort?: number;
  readonly families?: readonly (4 | 6)[];
  readonly password?: string;
  readonly ttlSecurity?: boolean;
  /** Routes this receiver itself originates towards the speaker under test. */
  readonly originates?: readonly string[];
}

/** A route as BIRD read it from the wire: attribute names and text are BIRD's. */
export interface ReceivedRoute {
  readonly prefix: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** BIRD's counters of one channel: what came in, before any filter or check. */
export interface ReceivedCount {
  readonly updates: number;
  readonly withdraws: number;
}

/**
 * A BIRD that takes whatever a speaker sends and shows it: an independent
 * implementation, so that agreement means the wire and not a shared mistake.
 */
export interface Receiver {
  established(session: string): Promise<boolean>;
  /** Sorted by prefix as text. */
  routes(session: string): Promise<readonly ReceivedRoute[]>;
  /** Since the session came up. */
  count(session: string): Promise<ReceivedCount>;
  stop(): Promise<void>;
}

function configuration(routerId: string, sessions: readonly ReceiverSession[]): string {
  return [
    `router id ${routerId};`,
    'protocol device {}',
    ...sessions.flatMap((session) => {
      const channels = (session.families ?? [4, 6]).map(
        (family) => `  ipv${family} { import all; export where source = RTS_STATIC; next hop self; add paths off; };`,
      );
      const statics = ([4, 6] as const).flatMap((family) => {
        const own = (session.originates ?? []).filter((prefix) => prefix.includes(':') === (family === 6));
        return own.length === 0
          ? []
          : [`protocol static { ipv${family}; ${own.map((prefix) => `route ${prefix} blackhole;`).join(' ')} }`];
      });
      return [
        ...statics,
        `protocol bgp ${session.name} {`,
        `  local ${session.local} as ${session.localAsn};`,
        `  neighbor ${session.remote} port ${session.remotePort ?? 179} as ${session.remoteAsn};`,
        '  strict bind; multihop 2; connect retry time 1; connect delay time 1; error wait time 1, 1; error forget time 1;',
        session.password === undefined ? '' : `  password "${session.password}";`,
        session.ttlSecurity === true ? '  ttl security on;' : '',
        ...channels,
        '}',
      ];
    }),
    '',
  ].join('\n');
}

export async function startReceiver(
  anchor: Anchor,
  routerId: string,
  sessions: readonly ReceiverSession[],
): Promise<Receiver> {
  const folder = await mkdtemp(join(tmpdir(), 'culvert-bird-'));
  const control = join(folder, 'bird.ctl');
  await writeFile(join(folder, 'bird.conf'), configuration(routerId, sessions));
  const launcher = anchor.spawn([
    'bird',
    '-f',
    '-c',
    join(folder, 'bird.conf'),
    '-s',
    control,
    '-P',
    join(folder, 'pid'),
  ]);
  let complaint = '';
  launcher.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  launcher.stdout?.resume();
  const pid = await pidOf(launcher);
  const birdc = (command: string): Promise<string> => anchor.run(['birdc', '-s', control, ...command.split(' ')]);
  await until('bird', async () => {
    if (launcher.exitCode !== null) throw new Error(complaint);
    return (await birdc('show status')).includes('up and running');
  });
  return {
    established: async (session) => (await birdc(`show protocols ${session}`)).includes('Established'),
    routes: async (session) => parseRoutes(await birdc(`show route all protocol ${session}`)),
    count: async (session) => parseCount(await birdc(`show protocols all ${session}`)),
    stop: async () => {
      if (launcher.exitCode === null && launcher.signalCode === null) {
        const gone = new Promise((resolve) => launcher.once('exit', resolve));
        process.kill(pid, 'SIGKILL');
        await gone;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function parseRoutes(text: string): readonly ReceivedRoute[] {
  const routes: { prefix: string; attributes: Record<string, string> }[] = [];
  for (const line of text.split('\n')) {
    const head = /^(\S+\/\d+)\s/.exec(line);
    if (head) routes.push({ prefix: head[1] ?? '', attributes: {} });
    const attribute = /^\s+BGP\.(\w+):\s?(.*)$/.exec(line);
    const last = routes.at(-1);
    if (attribute && last) last.attributes[attribute[1] ?? ''] = (attribute[2] ?? '').trim();
  }
  return routes.sort((a, b) => (a.prefix < b.prefix ? -1 : 1));
}

function parseCount(text: string): ReceivedCount {
  const sum = (label: string): number =>
    [...text.matchAll(new RegExp(`${label}:\\s+(\\d+)`, 'g'))].reduce((total, match) => total + Number(match[1]), 0);
  return { updates: sum('Import updates'), withdraws: sum('Import withdraws') };
}
