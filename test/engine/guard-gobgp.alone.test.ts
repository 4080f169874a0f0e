import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverNumber } from '../../src/decide/attributes.js';
import { createClock } from '../../src/drivers/clock/clock.js';
import { createFiles } from '../../src/drivers/files/files.js';
import { createGobgpSpeaker } from '../../src/drivers/speaker/gobgp.js';
import { Guard } from '../../src/engine/guard.js';
import { serveGuard } from '../../src/local/guard.js';
import { guardClient } from '../../src/local/guard-client.js';
import type { LocalServer } from '../../src/local/server.js';
import type { ServerView } from '../../src/model/fleet.js';
import type { Level } from '../../src/model/level.js';
import type { Announcement } from '../../src/model/path.js';
import type { GuardClient } from '../../src/ports/guard.js';
import { amsS1 } from '../acme.js';
import { type Anchor, startAnchor } from '../drivers/speaker/anchor.js';
import { type Gobgpd, startGobgpd } from '../drivers/speaker/gobgpd.js';
import { type ReceivedCount, type ReceivedRoute, type Receiver, startReceiver } from '../drivers/speaker/receiver.js';
import { until } from '../drivers/speaker/until.js';
import { FakeChecker } from './fake-checker.js';
import { VirtualClock } from '../virtual-clock.js';
import { FakeEssential } from './fake-essential.js';
import { asking, V4, V6 } from './guard-world.js';

/**
 *      guard.sock            gobgpd.sock             BGP, AS 64500
 *   test ───────── guard ───────────────── gobgpd ═══════════════ BIRD
 *   (agent)                                198.18.1.11             198.18.1.1
 */
const LEASE_MS = 1_000;

class Bench {
  guard!: Guard;
  socket!: LocalServer;
  agent!: GuardClient;
  fatal: Error | undefined;
  readonly essential = new FakeEssential();
  private epoch = 0;
  private sequence = 0;

  private constructor(
    readonly view: ServerView,
    readonly anchor: Anchor,
    readonly daemon: Gobgpd,
    readonly router: Receiver,
    private readonly folder: string,
  ) {}

  static async set(): Promise<Bench> {
    const base = amsS1();
    const safety = { ...base.fleet.safety, leaseMs: LEASE_MS, drainMs: 600, settleMs: 200 };
    const view = { ...base, fleet: { ...base.fleet, safety } };
    const anchor = await startAnchor(['198.18.1.1/32', '198.18.1.11/32', '2001:db8:1::1/128', '2001:db8:1::11/128']);
    const daemon = await startGobgpd(anchor);
    const session = { local: '198.18.1.1', localAsn: 64500, remote: '198.18.1.11', remoteAsn: 64500, remotePort: 1790 };
    const router = await startReceiver(anchor, session);
    return new Bench(view, anchor, daemon, router, await mkdtemp(join(tmpdir(), 'culvert-guard-')));
  }

  async startGuard(): Promise<void> {
    const { view, folder } = this;
    this.guard = await Guard.open(
      {
        speaker: createGobgpSpeaker({
          address: this.daemon.address,
          protoDir: 'protos',
          serverTag: { asn: view.fleet.provider.asn, server: serverNumber(view.server.name) },
        }),
        essential: this.essential,
        traffic: { packets: () => undefined },
        checker: new FakeChecker(new VirtualClock()),
        clock: createClock(),
        files: createFiles(),
        log: { info: () => undefined, warn: () => undefined, error: () => undefined },
        chronicle: { record: () => undefined },
        stateDir: folder,
        listenPort: 1790,
        reload: async () => view,
        fatal: (error) => (this.fatal = error),
      },
      view,
    );
    const path = join(folder, 'guard.sock');
    this.socket = await serveGuard(path, process.pid, this.guard);
    this.guard.start();
    this.agent = guardClient(path);
    await this.ready();
  }

  async leaveGuard(how: 'abandon' | 'stop'): Promise<void> {
    this.agent.close();
    await this.guard[how]();
    await this.socket.close();
  }

  ready(): Promise<unknown> {
    return until('the speaker to be ready', async () => (await this.agent.status()).speaker === 'ready');
  }

  established(): Promise<unknown> {
    return until('the session', () => this.router.established(), 15_000);
  }

  /** Back after a lapse: an epoch of its own, and renewals until it is believed. */
  async back(announcements: readonly Announcement[]): Promise<void> {
    await this.hello();
    await this.renewUntil('full', announcements, async () => (await this.levelAtRouter()) === 'full');
  }

  async hello(): Promise<number> {
    const answer = await this.agent.hello(this.view.server.name, 4711);
    if (!answer.accepted) throw new Error(answer.detail);
    [this.epoch, this.sequence] = [answer.epoch, 0];
    return answer.epoch;
  }

  offer(announcements: readonly Announcement[], epoch = this.epoch) {
    const { server, fleet } = this.view;
    const sequence = ++this.sequence;
    return this.agent.offer({
      server: server.name,
      generation: fleet.generation,
      epoch,
      sequence,
      ttlMs: LEASE_MS,
      announcements,
    });
  }

  /** An agent that lives: renews until the condition holds at the router. */
  async renewUntil(what: string, announcements: readonly Announcement[], probe: () => Promise<boolean>): Promise<void> {
    const renewing = setInterval(() => void this.offer(announcements).catch(() => undefined), LEASE_MS / 5);
    try {
      await until(what, probe);
    } finally {
      clearInterval(renewing);
    }
  }

  async route(prefix: string): Promise<ReceivedRoute['attributes'] | undefined> {
    return (await this.router.routes()).find((route) => route.prefix === prefix)?.attributes;
  }

  async levelAtRouter(prefix: string = V4): Promise<Level> {
    const route = await this.route(prefix);
    if (!route) return 'withdrawn';
    return (route.community ?? '').includes('(65535,0)') ? 'degraded' : 'full';
  }

  count(): Promise<ReceivedCount> {
    return this.router.count();
  }

  async clear(): Promise<void> {
    await this.router.stop();
    await this.daemon.stop();
    await this.anchor.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

describe('guard, gobgpd and a router', () => {
  let bench: Bench;
  const both = [asking('full'), asking('full', V6)];

  beforeAll(async () => {
    bench = await Bench.set();
    await bench.startGuard();
    await bench.established();
  }, 30_000);
  afterAll(async () => {
    await bench?.leaveGuard('abandon');
    await bench?.clear();
  });

  test('announces v4 and v6 over one session, with the attributes of the full form', async () => {
    const { updates } = await bench.count();
    expect(updates).toBe(0);
    await bench.hello();
    const began = performance.now();
    const answer = await bench.offer(both);
    const answered = performance.now() - began;
    expect(answer).toMatchObject({ accepted: true, wire: { speaker: 'ready', agent: 'leased' } });
    const tag = `(64500, 1, ${serverNumber('ams-s1')})`;
    await bench.renewUntil('both routes', both, async () => (await bench.router.routes()).length === 2);
    expect(await bench.route(V4)).toMatchObject({
      origin: 'IGP',
      as_path: '64512',
      next_hop: '198.18.1.11',
      med: '0',
      local_pref: '100',
      large_community: tag,
    });
    expect(await bench.route(V6)).toMatchObject({ as_path: '64512', next_hop: '2001:db8:1::11', large_community: tag });
    console.info(`offer answered after ${answered.toFixed(1)} ms, read back included`);
  });

  test('renewals send nothing; a change is answered within milliseconds', async () => {
    const { updates } = await bench.count();
    for (let i = 0; i < 20; i++) await bench.offer(both);
    expect((await bench.count()).updates).toBe(updates);
    const took: number[] = [];
    for (let i = 0; i < 20; i++) {
      const began = performance.now();
      await bench.offer([asking(i % 2 === 0 ? 'degraded' : 'full'), asking('full', V6)]);
      took.push(performance.now() - began);
    }
    took.sort((a, b) => a - b);
    console.info(`change of level, answered: median ${took[10]?.toFixed(1)} ms, worst ${took.at(-1)?.toFixed(1)} ms`);
    expect(took[10]).toBeLessThan(100);
  });

  test('a lapse is degraded at the router within lease + 100 ms; the next set restores', async () => {
    await bench.offer(both);
    const began = performance.now();
    let lookedAt = began;
    await until('degraded', async () => {
      lookedAt = performance.now();
      return (await bench.levelAtRouter()) === 'degraded';
    });
    const took = lookedAt - began;
    console.info(`lapse seen at the router ${(took - LEASE_MS).toFixed(0)} ms after the end of the lease`);
    expect(took).toBeGreaterThan(LEASE_MS - 100);
    expect(took).toBeLessThan(LEASE_MS + 100);
    expect(await bench.route(V4)).toMatchObject({
      local_pref: '0',
      med: '1000',
      community: '(65535,0)',
      as_path: '64512',
    });
    await bench.back(both);
  });

  test('a stale epoch is refused and changes nothing', async () => {
    const stale = await bench.hello();
    await bench.hello();
    await bench.offer(both);
    const before = await bench.count();
    expect(await bench.offer([], stale)).toMatchObject({ accepted: false, refusal: 'stale-epoch' });
    expect(await bench.count()).toEqual(before);
  });

  test('a guard that is killed and returns adopts without an UPDATE', async () => {
    await bench.back(both);
    const before = await bench.count();
    await bench.leaveGuard('abandon');
    await bench.startGuard();
    await bench.hello();
    for (let i = 0; i < 5; i++) await bench.offer(both);
    expect(await bench.count()).toEqual(before);
    expect((await bench.agent.status()).prefixes.find(({ prefix }) => prefix === V4)).toMatchObject({ held: 'full' });
  });

  test('drain: degraded, withdrawn, confirmed and settled; undrain', async () => {
    await bench.back(both);
    await bench.agent.drain('server');
    await bench.renewUntil('degraded', both, async () => (await bench.levelAtRouter()) === 'degraded');
    await bench.renewUntil('withdrawn', both, async () => (await bench.levelAtRouter()) === 'withdrawn');
    await bench.renewUntil('settled', both, async () =>
      (await bench.agent.status()).prefixes.every(({ settled }) => settled),
    );
    expect((await bench.agent.status()).drain).toBe('drained');
    await bench.agent.undrain();
    await bench.renewUntil('back', both, async () => (await bench.levelAtRouter()) === 'full');
  });

  test('what is not allowed never arrives', async () => {
    const stray = asking('full', '198.51.100.0/24');
    await bench.back([...both, stray]);
    expect(await bench.route('198.51.100.0/24')).toBeUndefined();
    expect(await bench.daemon.cli('global', 'rib')).not.toContain('198.51.100.0');
  });

  test('gobgpd is killed and returns: configured within a second, and the routes are back', async () => {
    await bench.daemon.kill();
    await until('unreachable', async () => (await bench.agent.status()).speaker === 'unreachable');
    await bench.hello();
    await bench.daemon.restart();
    const began = performance.now();
    await bench.renewUntil('ready', both, async () => (await bench.agent.status()).speaker === 'ready');
    console.info(`configured ${(performance.now() - began).toFixed(0)} ms after gobgpd was back`);
    expect(performance.now() - began).toBeLessThan(1_500);
    await bench.renewUntil('routes', both, async () => (await bench.router.routes()).length === 2);
  }, 30_000);

  test('SIGTERM: drained before it ends', async () => {
    await bench.offer(both);
    await bench.leaveGuard('stop');
    expect(await bench.levelAtRouter()).toBe('withdrawn');
    expect(await bench.daemon.cli('global', 'rib')).toContain('Network not in table');
    await bench.startGuard();
    expect((await bench.agent.status()).drain).toBe('in-service');
  });
});
