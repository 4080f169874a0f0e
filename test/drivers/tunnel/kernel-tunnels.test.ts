import { createKernelTunnels } from '../../../src/drivers/tunnel/kernel-tunnels.js';
import { address } from '../../../src/model/address.js';
import type { TunnelState } from '../../../src/model/kernel.js';
import type { Exec, ExecResult } from '../../../src/ports/exec.js';
import { ExecError } from '../../../src/ports/exec.js';

const GRE_US: TunnelState = {
  netns: 'cv-acme',
  name: 'gre-us',
  local: address('192.0.2.1'),
  remote: address('198.51.100.66'),
  mtu: 1476,
  up: true,
};
const GRE_KEY: TunnelState = { ...GRE_US, name: 'gre-key', key: 42, up: false };

const linkJson = (more: object, data: object): object => ({
  ifname: 'gre-us',
  flags: ['POINTOPOINT', 'NOARP', 'UP', 'LOWER_UP'],
  mtu: 1476,
  ifalias: 'culvert-gre',
  linkinfo: {
    info_kind: 'gre',
    info_data: { remote: '198.51.100.66', local: '192.0.2.1', ttl: 64, pmtudisc: false, ...data },
  },
  ...more,
});

/** Answers dumps with `links` and records every batch as `namespace: line`. */
function fakeIp(links: readonly object[], failing?: Partial<ExecResult>): { exec: Exec; said: string[] } {
  const said: string[] = [];
  const run: Exec['run'] = (argv, options) => {
    if (argv.includes('-json')) return Promise.resolve({ code: 0, stdout: JSON.stringify([{}, ...links]), stderr: '' });
    const netns = argv.includes('-netns') ? argv[argv.indexOf('-netns') + 1] : 'default';
    for (const line of (options?.input ?? '').trimEnd().split('\n')) said.push(`${netns}: ${line}`);
    return Promise.resolve({ code: 0, stdout: '', stderr: '', ...failing });
  };
  const stream = (): never => {
    throw new Error('no stream here');
  };
  return { exec: { run, stream }, said };
}

describe('observing', () => {
  const observe = (links: readonly object[]) => createKernelTunnels(fakeIp(links).exec).observe(['cv-acme']);

  test('ours, sorted', async () => {
    const keyed = linkJson(
      { ifname: 'gre-key', flags: ['POINTOPOINT', 'NOARP'] },
      { ikey: '0.0.0.42', okey: '0.0.0.42' },
    );
    expect(await observe([linkJson({}, {}), keyed])).toEqual([GRE_KEY, GRE_US]);
  });

  test.each([
    ['without our alias', linkJson({ ifalias: undefined }, {})],
    ['of the module itself', linkJson({ ifname: 'gre0' }, { remote: 'any', local: 'any' })],
    ['with two keys', linkJson({}, { ikey: '0.0.0.1', okey: '0.0.0.2' })],
    ['with one key', linkJson({}, { ikey: '0.0.0.1' })],
    ['without details', { ifname: 'x', flags: [], mtu: 1, ifalias: 'culvert-gre' }],
  ])('a device %s is foreign', async (_, foreign) => expect(await observe([foreign])).toEqual([]));

  test('the highest key is a number without sign', async () => {
    const quad = '255.255.255.255';
    expect(await observe([linkJson({}, { ikey: quad, okey: quad })])).toEqual([{ ...GRE_US, key: 0xffffffff }]);
  });

  test.each([
    ['a failed dump', { code: 1, stdout: '', stderr: 'Cannot open network namespace' }, 'failed'],
    ['an empty answer', { code: 0, stdout: '', stderr: '' }, 'unreadable'],
    ['nonsense', { code: 0, stdout: '{"a":1}', stderr: '' }, 'unreadable'],
    ['a device without a name', { code: 0, stdout: '[{"mtu":1}]', stderr: '' }, 'unreadable'],
  ])('%s is unknown, not empty', async (_, result, reason) => {
    const exec: Exec = { ...fakeIp([]).exec, run: () => Promise.resolve(result) };
    await expect(createKernelTunnels(exec).observe(['cv-acme'])).rejects.toMatchObject({ name: 'KernelError', reason });
  });

  test('a missing ip is named', async () => {
    const run = () => Promise.reject(new ExecError(['ip'], 'not-found', 'ip: no such program'));
    const driver = createKernelTunnels({ ...fakeIp([]).exec, run });
    await expect(driver.observe(['cv-acme'])).rejects.toMatchObject({ reason: 'tool-missing' });
  });
});

describe('applying', () => {
  test("additions: the outside in the default namespace, the device in the customer's", async () => {
    const { exec, said } = fakeIp([]);
    await createKernelTunnels(exec).apply([
      { kind: 'tunnel-add', tunnel: GRE_US },
      { kind: 'tunnel-add', tunnel: GRE_KEY },
    ]);
    const gre = 'type gre local 192.0.2.1 remote 198.51.100.66';
    expect(said).toEqual([
      `default: link add name gre-us netns cv-acme mtu 1476 ${gre} ttl 64 nopmtudisc`,
      `default: link add name gre-key netns cv-acme mtu 1476 ${gre} key 42 ttl 64 nopmtudisc`,
      'cv-acme: link set dev gre-us alias culvert-gre',
      'cv-acme: link set dev gre-us mtu 1476 addrgenmode none',
      'cv-acme: link set dev gre-us up',
      'cv-acme: link set dev gre-key alias culvert-gre',
      'cv-acme: link set dev gre-key mtu 1476 addrgenmode none',
      'cv-acme: link set dev gre-key down',
    ]);
  });

  test('an addition that was cut short before the alias is completed', async () => {
    const { exec, said } = fakeIp([linkJson({ ifalias: undefined }, {})]);
    await createKernelTunnels(exec).apply([{ kind: 'tunnel-add', tunnel: GRE_US }]);
    expect(said[0]).toBe('cv-acme: link set dev gre-us alias culvert-gre');
  });

  test("somebody else's device of the same name is left alone", async () => {
    const { exec, said } = fakeIp([linkJson({ ifalias: undefined }, { remote: '203.0.113.9' })]);
    const ops = [GRE_US, GRE_KEY].map((tunnel) => ({ kind: 'tunnel-add' as const, tunnel }));
    await expect(createKernelTunnels(exec).apply(ops)).rejects.toThrow(
      "gre-us in cv-acme is somebody else's (local 192.0.2.1 remote 203.0.113.9); remove or rename it",
    );
    expect(said.filter((line) => !line.includes('gre-key'))).toEqual([]);
    expect(said).toHaveLength(4);
  });

  test('a repair changes ends, MTU and state in place', async () => {
    const { exec, said } = fakeIp([]);
    await createKernelTunnels(exec).apply([{ kind: 'tunnel-repair', tunnel: GRE_US }]);
    expect(said).toEqual([
      'cv-acme: link set dev gre-us type gre local 192.0.2.1 remote 198.51.100.66 nokey ttl 64 nopmtudisc',
      'cv-acme: link set dev gre-us alias culvert-gre',
      'cv-acme: link set dev gre-us mtu 1476 addrgenmode none',
      'cv-acme: link set dev gre-us up',
    ]);
  });

  test('a device is deleted once; replaced when it is deleted and added', async () => {
    const { exec, said } = fakeIp([linkJson({}, { remote: '203.0.113.9' })]);
    const gone = { kind: 'tunnel-delete', netns: 'cv-acme', name: 'gre-us' } as const;
    await createKernelTunnels(exec).apply([
      gone,
      { ...gone, name: 'gre-gone' },
      { kind: 'tunnel-add', tunnel: GRE_US },
    ]);
    expect(said.slice(0, 2)).toEqual([
      'cv-acme: link delete dev gre-us',
      'default: link add name gre-us netns cv-acme mtu 1476 type gre local 192.0.2.1 remote 198.51.100.66 ttl 64 nopmtudisc',
    ]);
  });

  test('a failure names the line', async () => {
    const stderr = 'Error: Unknown device type.\nCommand failed -:1\nCannot find device "gre-us"\nCommand failed -:2\n';
    const { exec } = fakeIp([], { code: 1, stderr });
    await expect(createKernelTunnels(exec).apply([{ kind: 'tunnel-add', tunnel: GRE_US }])).rejects.toThrow(
      'ip -force -batch -: Error: Unknown device type. at `link add name gre-us netns cv-acme mtu 1476 type gre',
    );
  });
});
