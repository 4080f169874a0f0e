/** Failures that others have had, played against the real engine in the simulated world. */
import { prefix } from '../../../src/model/address.js';
import type { Fleet } from '../../../src/model/fleet.js';
import type { Announcement } from '../../../src/model/path.js';
import { Scene } from './scene.js';

/** Four servers, four prefixes each. */
const ALL = 16;

/** For so long the file may differ from what is announced before the watchers call it a fault. */
const REFUSED_MS = 40_000;

/** Syntactically perfect. */
const emptied = (fleet: Fleet): Fleet => ({ ...fleet, generation: 'g0', customers: [] });

test('every site declares itself sick: nobody answers any probe, and everything stays announced', async () => {
  const scene = await Scene.converged();
  for (const server of scene.world.servers) server.proberFault = 'deaf';
  await scene.passes(60_000);
  // The covering prefix does not depend on remotes.
  expect(scene.standing).toEqual({ degraded: 12, full: 4 });
  expect(scene.told).toEqual(['degraded']);
  for (const server of scene.world.servers) server.proberFault = undefined;
  await scene.passes(20_000);
  expect(scene.standing).toEqual({ full: ALL });
});

test('the checker hangs: what was proven last is kept for a while, then degraded, never withdrawn', async () => {
  const scene = await Scene.converged();
  for (const server of scene.world.servers) server.proberFault = 'silent';
  await scene.passes(30_000);
  expect(scene.entries).toEqual([]);
  await scene.passes(90_000);
  expect(scene.standing).toEqual({ degraded: 12, full: 4 });
  expect(scene.told).toEqual(['degraded']);
});

test('the agent hangs at every site: degraded within the lease, and never withdrawn', async () => {
  const scene = await Scene.converged();
  for (const { agent } of scene.world.servers) agent?.process.hold();
  await scene.passes(1_120);
  expect(scene.standing).toEqual({ degraded: ALL });
  await scene.passes(120_000);
  expect(scene.standing).toEqual({ degraded: ALL });
  for (const { agent } of scene.world.servers) agent?.process.release();
  await scene.passes(20_000);
  expect(scene.standing).toEqual({ full: ALL });
});

test('a tool changes the shape of its JSON on every server at once: nothing is withdrawn', async () => {
  const scene = await Scene.converged();
  for (const { kernel } of scene.world.servers) kernel.dumpFaults.set('link', 'reshaped').set('firewall', 'reshaped');
  await scene.passes(120_000);
  expect(scene.told).toEqual(['degraded']);
  expect(scene.standing).toEqual({ degraded: ALL });
});

test('0.0.0.0/0 from an empty string, asked for by every agent: refused, and nothing else is hurt', async () => {
  const scene = await Scene.converged();
  const mad: Announcement = { prefix: prefix('0.0.0.0/0'), level: 'full', asPath: [], reasons: [] };
  for (const { link } of scene.world.servers)
    link.garble = (set) => ({ ...set, announcements: [mad, ...set.announcements] });
  await scene.passes(30_000);
  expect(scene.entries).toEqual([]);
  expect(scene.lines.join('\n')).toContain('not allowed: 0.0.0.0/0');
});

test('SetPolicies answers OK and sets nothing: no session is configured, nothing leaves', async () => {
  const scene = await Scene.converged({
    prepare: (world) => {
      world.plan(0, () => {
        for (const { daemon } of world.servers) if (daemon) daemon.fault = 'deaf';
      });
    },
  });
  expect(scene.standing).toEqual({ withdrawn: ALL });
  for (const { daemon } of scene.world.servers) if (daemon) daemon.fault = undefined;
  await scene.passes(20_000);
  expect(scene.standing).toEqual({ full: ALL });
});

test('somebody empties the policies under a running speaker: put back before anything else, no UPDATE', async () => {
  const scene = await Scene.converged();
  for (const { daemon } of scene.world.servers) daemon?.barrierDropped(scene.world.timeline.now);
  await scene.passes(2_000);
  for (const { daemon } of scene.world.servers) expect(daemon?.observe()).toMatchObject({ barrier: { state: 'held' } });
  expect(scene.entries).toEqual([]);
});

test('a reload keeps sessions, and what stays in the fleet is not told again', async () => {
  const scene = await Scene.converged();
  for (const server of scene.world.servers) {
    server.write(scene.world.larger);
    server.reload();
  }
  await scene.passes(20_000);
  expect(scene.entries.filter(({ by }) => by === 'session')).toEqual([]);
  expect([...new Set(scene.entries.map((entry) => entry.prefix))]).toEqual(['198.19.10.0/24']);
});

test('a bad fleet file on every server at once: the last good one stays, over a hang-up too', async () => {
  const scene = await Scene.converged();
  for (const server of scene.world.servers) {
    server.write(new Error('fleet.yaml:12:5: host bits are set'));
    server.reload();
    server.link.disconnect();
  }
  await scene.passes(60_000);
  expect(scene.entries).toEqual([]);
});

test('a customer leaves: withdrawn and settled first, torn down afterwards', async () => {
  const scene = await Scene.converged();
  const { world } = scene;
  const give = (fleet: typeof world.fleet): void => {
    for (const server of world.servers) {
      server.write(fleet);
      server.reload();
    }
  };
  give(world.larger);
  await scene.passes(20_000);
  expect(world.servers[0]?.kernel.truth().namespaces).toHaveLength(3);
  // The invariant "nothing is torn down under traffic" watches the order.
  give(world.fleet);
  await scene.passes(20_000);
  expect(world.servers[0]?.kernel.truth().namespaces).toHaveLength(2);
  expect(scene.standing).toEqual({ full: ALL });
});

test('a dead gobgpd is not kept alive by graceful restart: gone with its session, back in order', async () => {
  const scene = await Scene.converged();
  const [server] = scene.world.servers;
  server?.daemon?.process.end();
  await scene.passes(1);
  expect(scene.standing).toEqual({ full: 12, withdrawn: 4 });
  await scene.passes(5_000);
  server?.startDaemon();
  await scene.passes(10_000);
  expect(scene.standing).toEqual({ full: ALL });
});

test('somebody flushes nft on every server at once: repaired, and not one prefix leaves the wire', async () => {
  const scene = await Scene.converged();
  for (const { kernel } of scene.world.servers) kernel.damage((world) => world.rulesets.clear());
  await scene.passes(5_000);
  expect(scene.told).toEqual([]);
  expect(scene.world.servers.map(({ kernel }) => kernel.truth().rulesets.length)).toEqual([3, 3, 3, 3]);
});

test('a dump that ends early looks like success on every server at once: nothing is withdrawn', async () => {
  const scene = await Scene.converged();
  for (const { kernel } of scene.world.servers) kernel.dumpFaults.set('tunnel', 'empty');
  await scene.passes(35_000);
  expect(scene.standing.withdrawn ?? 0).toBe(0);
});

test('the empty selector: a fleet that names no customer any more reaches every server at once, and is refused', async () => {
  const scene = await Scene.converged({ safety: { maxWithdrawnShare: 0.25 } });
  for (const server of scene.world.servers) {
    server.write(emptied(scene.world.fleet));
    server.reload();
  }
  await scene.passes(REFUSED_MS);
  expect(scene.entries).toEqual([]);
  expect(scene.lines.filter((line) => line.includes('culvert reload --allow-withdraw')).length).toBeGreaterThan(0);
});

test('the dormant change: written long ago, it takes force everywhere when all processes restart, and is refused', async () => {
  const scene = await Scene.converged({ safety: { maxWithdrawnShare: 0.25 } });
  const { servers, fleet } = scene.world;
  for (const server of servers) server.write(emptied(fleet));
  await scene.passes(3_000);
  for (const server of servers) {
    server.agent?.process.end();
    server.guard?.process.end();
    server.startGuard();
    server.startAgent();
  }
  await scene.passes(REFUSED_MS);
  expect(scene.told).not.toContain('withdrawn');
});

test('the address removed before the withdraw: what it carried leaves before anything is repaired, and comes back', async () => {
  const scene = await Scene.converged();
  const [server] = scene.world.servers;
  server?.kernel.damage((kernel) =>
    [...kernel.addresses.values()].filter(({ netns }) => netns === '').forEach((own) => kernel.dropAddress(own)),
  );
  await scene.passes(200);
  expect(scene.told).toContain('withdrawn');
  await scene.passes(20_000);
  expect(scene.standing).toEqual({ full: ALL });
});
