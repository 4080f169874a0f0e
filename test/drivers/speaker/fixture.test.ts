import { type Anchor, startAnchor } from './anchor.js';
import { type Gobgpd, startGobgpd } from './gobgpd.js';
import { type Receiver, startReceiver } from './receiver.js';
import { until } from './until.js';

/** The fixture itself, driven by the `gobgp` command line only. */
describe('gobgpd and a BIRD that receives', () => {
  let anchor: Anchor;
  let daemon: Gobgpd;
  let receiver: Receiver;

  beforeAll(async () => {
    anchor = await startAnchor(['198.18.1.1/32', '198.18.1.11/32']);
    daemon = await startGobgpd(anchor);
    receiver = await startReceiver(anchor, {
      local: '198.18.1.1',
      localAsn: 64_500,
      remote: '198.18.1.11',
      remoteAsn: 64_500,
      remotePort: 1790,
      families: [4],
    });
  });
  afterAll(async () => {
    await receiver?.stop();
    await daemon?.stop();
    await anchor?.stop();
  });

  test('a route of the command line is seen with its attributes, and again after a kill and restart', async () => {
    for (const round of ['first', 'second'] as const) {
      await daemon.cli('global', 'as', '64500', 'router-id', '198.18.1.11', 'listen-port', '1790');
      await daemon.cli('global', 'rib', 'add', '203.0.113.0/24', 'origin', 'igp', 'nexthop', '198.18.1.11');
      await daemon.cli('neighbor', 'add', '198.18.1.1', 'as', '64500');
      await until(`${round} session`, () => receiver.established());
      const routes = await until('routes', async () => (await receiver.routes()).length > 0 && receiver.routes());
      expect(routes).toEqual([
        {
          prefix: '203.0.113.0/24',
          attributes: { origin: 'IGP', as_path: '', next_hop: '198.18.1.11', local_pref: '100' },
        },
      ]);
      expect(await receiver.count()).toEqual({ updates: 1, withdraws: 0 });
      if (round === 'first') {
        await daemon.restart();
        await until('session down', async () => !(await receiver.established()));
      }
    }
  });
});
