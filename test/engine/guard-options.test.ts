/** Routers that ask for what the daemon beside the guard cannot do. */
import type { Router, ServerView } from '../../src/model/fleet.js';
import { amsS1 } from '../acme.js';
import { EVERYTHING } from '../fake-speaker.js';
import { asking, GuardWorld } from './guard-world.js';

const FULL = '203.0.113.0/24 via 198.18.1.11 path [64512] med 0';

const viewWith = (change: Partial<Router>, generation = 'asks for more'): ServerView => {
  const view = amsS1();
  const routers = view.site.routers.map((router) => ({ ...router, ...change }));
  return { ...view, site: { ...view.site, routers }, fleet: { ...view.fleet, generation } };
};

const worldWith = async (view: ServerView): Promise<GuardWorld> => {
  const world = new GuardWorld(view);
  world.speaker.can = { ...EVERYTHING, maxPrefix: false, md5: false };
  await world.start();
  await world.hello();
  await world.renewing([asking('full')], 2_000);
  return world;
};

test('refused by name in status, once in the log; everything else goes on', async () => {
  const world = await worldWith(viewWith({ password: 'blue-whale', maxPrefix: { 4: 10 } }));
  expect(world.speaker.peers).toEqual([]);
  expect(world.speaker.render()).toEqual([FULL]);
  const { speaker, speakerDetail } = await world.guard.status();
  expect(speaker).toBe('ready');
  expect(speakerDetail).toBe(
    'peer 198.18.1.1 with password and maxPrefix refused: fake speaker cannot do that; ' +
      'leave it out in the fleet file, or use another speaker',
  );
  expect(world.logged.filter((line) => line.includes('refused: fake speaker'))).toHaveLength(1);
  expect(world.speaker.violations).toEqual([]);
  await world.guard.abandon();
});

test('a session that stands is not given up for it', async () => {
  const world = await worldWith(amsS1());
  expect(world.speaker.peers).toEqual(['198.18.1.1']);
  const { updates } = world.speaker;
  const next = viewWith({ maxPrefix: { 4: 10 } });
  world.onDisk = next;
  world.view = next;
  await world.renewing([asking('full')], 4_000);
  expect((await world.guard.status()).speakerDetail).toContain('with maxPrefix refused');
  expect(world.speaker.peers).toEqual(['198.18.1.1']);
  expect(world.speaker.updates).toBe(updates);
  expect(world.speaker.log.filter((kind) => kind.endsWith('-peer'))).toEqual(['add-peer']);
  await world.guard.abandon();
});

test('why a session is down is shown, where the daemon tells', async () => {
  const world = await worldWith(amsS1());
  world.speaker.meddle((bgp) => {
    for (const [address, peer] of bgp.peers)
      bgp.peers.set(address, { ...peer, state: 'idle', detail: 'hold timer expired' });
  });
  world.speaker.event();
  await world.renewing([asking('full')], 500);
  expect((await world.guard.status()).peers).toEqual([
    { address: '198.18.1.1', asn: 64500, state: 'idle', detail: 'hold timer expired' },
  ]);
  await world.guard.abandon();
});
