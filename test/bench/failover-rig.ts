/**
 * ```
 *   services, the side under test            namespace router
 *   198.18.1.11, 198.18.1.12 (eth1) ═══ BGP ═══ 198.18.1.1 (far), receiver
 * ```
 * One anchor for one side; closing it ends everything that ran in it.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { until } from '../drivers/speaker/until.js';
import type { StreamHandle } from '../../src/ports/exec.js';
import { type Anchor, openAnchor } from '../kernel-anchor.js';
import { monotonicMs } from './monotonic.js';

export const ROUTER = '198.18.1.1';
export const SERVER = '198.18.1.11';
export const SECOND = '198.18.1.12';
export const ASN = 64500;

const BUILT = new URL('.', import.meta.url).pathname;

const UPLINK = `
ip netns add router; ip link add eth1 type veth peer name far netns router
ip addr add ${SERVER}/24 dev eth1; ip addr add ${SECOND}/24 dev eth1; ip link set eth1 up
ip -n router link set lo up; ip -n router addr add ${ROUTER}/24 dev far; ip -n router link set far up
mkdir -p /run/culvert`;

type Level = 'full' | 'degraded' | 'withdrawn';

interface Event {
  readonly at: number;
  readonly kind: 'ready' | 'session' | 'update' | 'done';
  readonly peer?: string;
  readonly up?: boolean;
  /** How many UPDATEs this was. */
  readonly messages?: number;
  readonly withdrawn?: readonly string[];
  readonly announced?: readonly string[];
  readonly degraded?: boolean;
  readonly order?: string;
  /** Exit status. */
  readonly code?: number;
  /** When the service that failed was connected to last. */
  readonly probedAt?: number;
}

type Done = Pick<Event, 'at' | 'code' | 'probedAt'>;

type Argv = readonly [string, ...string[]];

export class Rig {
  /** UPDATE messages that have arrived. */
  updates = 0;
  /** When an UPDATE arrived last. CLOCK_MONOTONIC, milliseconds. */
  lastUpdateAt = 0;
  private standing = 0;
  private readonly levels = new Map<string, Level>();
  private readonly changed = new Map<string, number>();
  /** Prefix to peer. */
  private readonly from = new Map<string, string>();
  private readonly sessions = new Set<string>();
  private readonly done = new Map<string, Done>();
  private readonly said = new Map<string, string>();
  private readonly running: StreamHandle[] = [];
  private orders = 0;
  private services: StreamHandle | undefined;

  private constructor(readonly anchor: Anchor) {}

  /** With services on the ports `from` to `to`, `to` excluded. */
  static async open(from: number, to: number): Promise<Rig> {
    const rig = new Rig(await openAnchor());
    try {
      await rig.shell(UPLINK);
      await rig.program(['ip', 'netns', 'exec', 'router', 'node', `${BUILT}bgp-receiver.js`, ROUTER, String(ASN)]);
      rig.services = await rig.program(['node', `${BUILT}services.js`, String(from), String(to)]);
      return rig;
    } catch (error) {
      await rig.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.anchor.close();
    // A launcher whose program was stopped has stopped itself, and does not see its end.
    await Promise.all(this.running.map((each) => each.stop()));
  }

  async shell(script: string, timeoutMs = 20_000): Promise<string> {
    const { code, stdout, stderr } = await this.anchor.exec.run(['sh', '-ec', script], { timeoutMs });
    if (code !== 0) throw new Error(`${script}: ${stderr}${stdout}`);
    return stdout.trim();
  }

  /** A path under /run of the anchor, as seen from outside. */
  path(name: string): string {
    return `/proc/${this.anchor.pid}/root/run/${name}`;
  }

  write(name: string, text: string, mode = 0o755): Promise<void> {
    return writeFile(this.path(name), text, { mode });
  }

  /** Starts what lives until the rig is closed. What it says goes to /run/`log`. */
  background(log: string, ...argv: Argv): void {
    this.said.set(log, 'runs');
    const handlers = { line: () => undefined, ended: (why: string) => void this.said.set(log, why) };
    const script = 'log=$1; shift; exec "$@" >>"/run/$log" 2>&1';
    this.running.push(this.anchor.exec.stream(['sh', '-c', script, 'sh', log, ...argv], handlers));
  }

  /** Waits; on failure tells what the programs said last. */
  async until(what: string, probe: () => boolean | Promise<boolean>, boundMs = 20_000): Promise<void> {
    try {
      await until(what, async () => probe(), boundMs);
    } catch (error) {
      const ended = await Promise.all(
        [...this.said].map(async ([log, why]) => `${log}: ${why}, ${await this.end(log)}`),
      );
      throw new Error([(error as Error).message, ...ended].join('; '));
    }
  }

  private async end(log: string): Promise<string> {
    const text = await readFile(this.path(log), 'utf8').catch(() => '');
    return text.trim().split('\n').at(-1) ?? '';
  }

  established(peer: string): boolean {
    return this.sessions.has(peer);
  }

  level(prefix: string): Level {
    return this.levels.get(prefix) ?? 'withdrawn';
  }

  /** When the receiver last heard `level` of a prefix; 0 when never. */
  heardAt(prefix: string, level: Level): number {
    return this.changed.get(`${prefix} ${level}`) ?? 0;
  }

  /** How many prefixes stand at the receiver. */
  announced(): number {
    return this.standing;
  }

  /** When the service failed, and when it was probed last before. */
  async fail(port: number): Promise<{ readonly at: number; readonly probedAt: number }> {
    const { at, probedAt = NaN } = await this.order(`fail ${port}`);
    return { at, probedAt };
  }

  restore(port: number): void {
    this.services?.write(`restore ${port}`);
  }

  /** Runs one program beside the services; the time at which it began. Rejects when it fails. */
  async run(program: string): Promise<number> {
    const { at } = await this.order(`run ${++this.orders} ${program}`);
    return at;
  }

  private async order(order: string): Promise<Done> {
    this.done.delete(order);
    this.services?.write(order);
    await this.until(order, () => this.done.has(order));
    const done = this.done.get(order) ?? { at: NaN };
    const { code = 0 } = done;
    if (code !== 0) throw new Error(`${order}: exit status ${code}`);
    return done;
  }

  private program(argv: Argv): Promise<StreamHandle> {
    return new Promise((resolve, reject) => {
      const handle = this.anchor.exec.stream(argv, {
        line: (text) => {
          const event = JSON.parse(text) as Event;
          if (event.kind === 'ready') resolve(handle);
          else this.take(event);
        },
        ended: (why) => {
          this.said.set(argv.at(-1) ?? '', why);
          reject(new Error(`${argv.join(' ')}: ${why}`));
        },
      });
    });
  }

  private take(event: Event): void {
    const { at, kind, peer = '', order = '' } = event;
    if (kind === 'done') this.done.set(order, event);
    if (kind === 'session') {
      if (event.up === true) this.sessions.add(peer);
      else this.lose(peer, at);
    }
    if (kind !== 'update') return;
    this.updates += event.messages ?? 0;
    this.lastUpdateAt = at;
    for (const prefix of event.withdrawn ?? []) this.hear(prefix, 'withdrawn', at);
    for (const prefix of event.announced ?? []) this.from.set(prefix, peer);
    for (const prefix of event.announced ?? []) this.hear(prefix, event.degraded === true ? 'degraded' : 'full', at);
  }

  /** A router forgets what a session that ended had brought. */
  private lose(peer: string, at: number): void {
    this.sessions.delete(peer);
    for (const [prefix, from] of this.from) {
      if (from === peer && this.level(prefix) !== 'withdrawn') this.hear(prefix, 'withdrawn', at);
    }
  }

  private hear(prefix: string, level: Level, at: number): void {
    this.standing += Number(level !== 'withdrawn') - Number(this.level(prefix) !== 'withdrawn');
    this.levels.set(prefix, level);
    this.changed.set(`${prefix} ${level}`, at);
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** From `since` until the receiver last heard the prefix withdrawn, in ms; Infinity when it did not within the bound. */
export async function untilWithdrawn(rig: Rig, prefix: string, since: number, boundMs: number): Promise<number> {
  const end = monotonicMs() + boundMs;
  while (monotonicMs() < end && rig.heardAt(prefix, 'withdrawn') < since) await pause(5);
  const at = rig.heardAt(prefix, 'withdrawn');
  return at < since ? Infinity : at - since;
}
