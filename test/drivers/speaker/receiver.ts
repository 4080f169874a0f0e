import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Anchor, pidOf } from './anchor.js';
import { birdc } from './birdc.js';
import { until } from './until.js';

/** The one session of a receiver: a second BIRD takes a second session, as BIRD holds one per remote address. */
export interface ReceiverSession {
  /** It listens on port 179 of this address only; a speaker in the same anchor takes another port. */
  readonly local: string;
  /** `local` unless given. */
  readonly routerId?: string;
  readonly localAsn: number;
  readonly remote: string;
  readonly remoteAsn: number;
  /** Where it tries to connect to; 179 unless given. */
  readonly remotePort?: number;
  readonly families?: readonly (4 | 6)[];
  readonly password?: string;
  readonly ttlSecurity?: boolean;
  /** It only listens. */
  readonly passive?: boolean;
  /** Keeps routes of a session that broke when the speaker asked for it (RFC 4724 4.2); BIRD's own default. */
  readonly gracefulHelper?: boolean;
  /** Routes it originates itself towards the speaker under test. */
  readonly originates?: readonly string[];
}

/** A route as BIRD read it from the wire: attribute names and text are BIRD's. */
export interface ReceivedRoute {
  readonly prefix: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** BIRD's counters: what came in, before any filter or check. */
export interface ReceivedCount {
  readonly updates: number;
  readonly withdraws: number;
}

/** What BIRD says about the session. */
export interface SessionTold {
  /** Negotiated, in seconds. */
  readonly hold: number;
  /** Routes it has sent. */
  readonly exported: number;
  /** How the last session ended. */
  readonly lastError: string;
}

/**
 * A BIRD that takes whatever a speaker sends and shows it: an independent
 * implementation, so that agreement means the wire and not a shared mistake.
 */
export interface Receiver {
  established(): Promise<boolean>;
  /** Sorted by prefix as text. */
  routes(): Promise<readonly ReceivedRoute[]>;
  /**
   * When this route last changed, seconds since 1970; not when the same was
   * said again. BIRD reckons it anew for each question, from a clock that is
   * never set: two answers differ by what the machine's clock was moved, and
   * a millisecond. NaN where there is no such route.
   */
  changedAt(prefix: string): Promise<number>;
  /** Since the session came up. */
  count(): Promise<ReceivedCount>;
  /** How many routes there are; asks for no list. */
  total(): Promise<number>;
  session(): Promise<SessionTold>;
  stop(): Promise<void>;
}

function configuration(session: ReceiverSession): string {
  const { originates = [], families = [4, 6] } = session;
  const statics = ([4, 6] as const).map((family) => {
    const own = originates.filter((prefix) => prefix.includes(':') === (family === 6));
    return `protocol static { ipv${family}; ${own.map((prefix) => `route ${prefix} blackhole;`).join(' ')} }`;
  });
  return [
    `router id ${session.routerId ?? session.local};`,
    'timeformat route "%s.%3f";',
    'protocol device {}',
    ...statics,
    'protocol bgp speaker {',
    `  local ${session.local} as ${session.localAsn};`,
    `  neighbor ${session.remote} port ${session.remotePort ?? 179} as ${session.remoteAsn};`,
    '  strict bind; multihop 2; connect retry time 1; connect delay time 1; error wait time 1, 1; error forget time 1;',
    session.password === undefined ? '' : `  password "${session.password}";`,
    session.passive === true ? '  passive on;' : '',
    session.ttlSecurity === true ? '  ttl security on;' : '',
    session.gracefulHelper === false ? '  graceful restart off;' : '',
    ...families.map((family) => `  ipv${family} { import all; export where source = RTS_STATIC; next hop self; };`),
    '}',
    '',
  ].join('\n');
}

export async function startReceiver(anchor: Anchor, session: ReceiverSession): Promise<Receiver> {
  const folder = await mkdtemp(join(tmpdir(), 'culvert-bird-'));
  const control = join(folder, 'bird.ctl');
  await writeFile(join(folder, 'bird.conf'), configuration(session));
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
  const ask = (command: string): Promise<string> => birdc(control, command);
  await until('bird', async () => {
    if (launcher.exitCode !== null) throw new Error(complaint);
    return (await ask('show status')).includes('up and running');
  });
  return {
    established: async () => (await ask('show protocols speaker')).includes('Established'),
    routes: async () => parseRoutes(await ask('show route all protocol speaker')),
    changedAt: async (prefix) =>
      Number(/\[speaker ([\d.]+)/.exec(await ask(`show route ${prefix} protocol speaker`))?.[1] ?? NaN),
    count: async () => parseCount(await ask('show protocols all speaker')),
    total: async () => parseTotal(await ask('show route count protocol speaker')),
    session: async () => parseSession(await ask('show protocols all speaker')),
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

export function parseRoutes(text: string): readonly ReceivedRoute[] {
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

/** `2 of 2 routes for 2 networks in table master4`, for each table. */
const parseTotal = (text: string): number =>
  [...text.matchAll(/^(\d+) of \d+ routes/gm)].reduce((total, match) => total + Number(match[1]), 0);

/** `Hold timer: 7.512/9`, `Routes: 2 imported, 1 exported` for each channel, `Last error: Received: Cease`. */
const parseSession = (text: string): SessionTold => ({
  hold: Number(/Hold timer:\s+[\d.]+\/(\d+)/.exec(text)?.[1] ?? 0),
  exported: [...text.matchAll(/(\d+) exported/g)].reduce((total, match) => total + Number(match[1]), 0),
  lastError: /Last error:\s+(.*)/.exec(text)?.[1]?.trim() ?? '',
});
