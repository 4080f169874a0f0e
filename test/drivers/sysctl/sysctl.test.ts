import { createSysctlDriver, pathOf } from '../../../src/drivers/sysctl/sysctl.js';
import { ExecError, type Exec, type ExecResult } from '../../../src/ports/exec.js';
import { openAnchor, whyNoAnchor, type Anchor } from '../../kernel-anchor.js';

const answering = (answer: () => Promise<ExecResult>): Exec => ({
  run: answer,
  stream: () => {
    throw new Error('not expected');
  },
});

const FORWARD = { netns: '', key: 'net.ipv4.ip_forward', value: '1' };

test('keys are sysctl(8)’s: a slash is a dot in a name', () => {
  expect(pathOf('net.ipv4.conf.eth1/100.rp_filter')).toBe('/proc/sys/net/ipv4/conf/eth1.100/rp_filter');
});

test.each([
  [
    'a line that nobody asked for',
    () => Promise.resolve({ code: 0, stdout: 'bash: warning: x\n', stderr: '' }),
    'unreadable',
  ],
  [
    'a failed read',
    () => Promise.resolve({ code: 123, stdout: '', stderr: 'grep: x: Permission denied\n' }),
    'unreadable',
  ],
  [
    'no nsenter',
    () => Promise.reject(new ExecError(['nsenter'], 'not-found', 'nsenter: no such program')),
    'tool-missing',
  ],
  ['no end', () => Promise.reject(new ExecError(['sh'], 'timeout', 'sh: no end')), 'timeout'],
])('%s is unknown, not empty', async (_, answer, reason) => {
  await expect(createSysctlDriver(answering(answer)).observe([FORWARD])).rejects.toMatchObject({
    name: 'KernelError',
    reason,
  });
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
    const driver = createSysctlDriver(anchor.exec);
    const wanted = [
      { netns: '', key: 'net.ipv4.conf.all.rp_filter', value: '2' },
      { netns: '', key: 'net.ipv4.conf.eth1/100.rp_filter', value: '1' },
      { netns: 'cv-acme', key: 'net.ipv4.conf.all.rp_filter', value: '1' },
    ];
    await driver.apply(wanted.map((sysctl) => ({ kind: 'sysctl-set', sysctl })));
    const missing = { netns: 'cv-acme', key: 'net.ipv4.conf.gre-us.rp_filter', value: '0' };
    const asked = [...wanted, missing].map((sysctl) => ({ ...sysctl, value: 'whatever' }));
    expect(await driver.observe(asked)).toEqual(wanted);
  });

  test('what cannot be written is named', async () => {
    const op = {
      kind: 'sysctl-set',
      sysctl: { netns: 'cv-acme', key: 'net.ipv4.conf.none.rp_filter', value: '0' },
    } as const;
    await expect(createSysctlDriver(anchor.exec).apply([op])).rejects.toThrow('/proc/sys/net/ipv4/conf/none/rp_filter');
  });
});
