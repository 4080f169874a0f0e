import { createSysctlDriver } from '../../../src/drivers/sysctl/sysctl.js';
import { KernelError } from '../../../src/ports/kernel.js';
import type { Namespaces } from '../../../src/ports/namespaces.js';
import { openAnchor, whyNoAnchor, type Anchor } from '../../kernel-anchor.js';

const FORWARD = { netns: 'cv-acme', key: 'net.ipv4.ip_forward', value: '1' };

test('a namespace that cannot be entered is unknown, not empty', async () => {
  const namespaces: Namespaces = {
    names: () => ['cv-acme'],
    pathOf: () => undefined,
    within: () => {
      throw new KernelError('unreadable', 'no');
    },
  };
  await expect(createSysctlDriver(namespaces).observe([FORWARD])).rejects.toMatchObject({ reason: 'unreadable' });
});

const obstacle = await whyNoAnchor();
if (obstacle !== undefined) console.warn(`kernel tests skipped: ${obstacle}`);

(obstacle === undefined ? describe : describe.skip)('in a real kernel', () => {
  let anchor: Anchor;
  beforeAll(async () => {
    anchor = await openAnchor();
    await anchor.exec.run(['ip', 'netns', 'add', 'cv-acme']);
    await anchor.exec.run(['ip', 'link', 'add', 'name', 'eth1.100', 'type', 'veth', 'peer', 'name', 'x']);
  });
  afterAll(() => anchor?.close());

  test('sets and reads in each namespace; what does not exist is left out', async () => {
    const driver = createSysctlDriver(anchor.namespaces);
    const wanted = [
      { netns: '', key: 'net.ipv4.conf.all.rp_filter', value: '2' },
      { netns: '', key: 'net.ipv4.conf.eth1/100.rp_filter', value: '1' },
      { netns: 'cv-acme', key: 'net.ipv4.conf.all.rp_filter', value: '1' },
    ];
    await driver.apply(wanted.map((sysctl) => ({ kind: 'sysctl-set', sysctl })));
    const missing = { netns: 'cv-acme', key: 'net.ipv4.conf.gre-us.rp_filter', value: '0' };
    const asked = [...wanted, missing].map((sysctl) => ({ ...sysctl, value: 'whatever' }));
    const gone = { netns: 'cv-gone', key: 'net.ipv4.ip_forward', value: '1' };
    expect(await driver.observe([...asked, gone])).toEqual(wanted);
  });

  test('what cannot be written is named', async () => {
    const op = {
      kind: 'sysctl-set',
      sysctl: { netns: 'cv-acme', key: 'net.ipv4.conf.none.rp_filter', value: '0' },
    } as const;
    await expect(createSysctlDriver(anchor.namespaces).apply([op])).rejects.toThrow(
      '/proc/sys/net/ipv4/conf/none/rp_filter',
    );
  });
});
