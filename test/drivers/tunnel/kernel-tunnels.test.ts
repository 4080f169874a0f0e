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
  link_netnsid: 0,
  linkinfo: {
    info_kind: 'gre',
    info_data: { remote: '198.51.100.66', local: '192.0.2.1', ttl: 64, pmtudisc: false, ...data },
  },
  ...more,
});

/** Answers dumps with `links` and records every batch as `namespace: line`. */
function fakeIp(
  links: readonly object[],
  failing?: Partial<ExecResult>,
  outside: readonly object[] = [],
): { exec: Exec; said: string[] } {
  const said: string[] = [];
  const run: Exec['run'] = (argv, options) => {
    const netns = argv.includes('-netns') ? argv[argv.indexOf('-netns') + 1] : 'default';
    const dump = [{}, ...(netns === 'default' ? outside : links)];
    if (argv.includes('-json')) return Promise.resolve({ code: 0, stdout: JSON.stringify(dump), stderr: '' });
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
    ['with the outside inside', linkJson({ link_netnsid: undefined }, {})],
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
  const gre = 'type gre local 192.0.2.1 remote 198.51.100.66';
  const birth = 'cvt-1libwpp';
  const created = [
    `default: link add name ${birth} mtu 1476 ${gre} ttl 64 nopmtudisc`,
    `default: link set dev ${birth} netns cv-acme name gre-us alias culvert-gre`,
  ];
  const set = [
    `cv-acme: link set dev gre-us ${gre} nokey ttl 64 nopmtudisc`,
    'cv-acme: link set dev gre-us mtu 1476 addrgenmode none',
    'cv-acme: link set dev gre-us up',
  ];
  const add = (tunnel: TunnelState) => ({ kind: 'tunnel-add', tunnel }) as const;
  const gone = { kind: 'tunnel-delete', netns: 'cv-acme', name: 'gre-us' } as const;

  test('additions are made outside, moved, and settled inside', async () => {
    const { exec, said } = fakeIp([]);
    await createKernelTunnels(exec).apply([add(GRE_US), add(GRE_KEY)]);
    expect(said).toEqual([
      ...created,
      `default: link add name cvt-9jieeg mtu 1476 ${gre} key 42 ttl 64 nopmtudisc`,
      'default: link set dev cvt-9jieeg netns cv-acme name gre-key alias culvert-gre',
      ...set,
      `cv-acme: link set dev gre-key ${gre} key 42 ttl 64 nopmtudisc`,
      'cv-acme: link set dev gre-key mtu 1476 addrgenmode none',
      'cv-acme: link set dev gre-key down',
    ]);
  });

  test('what an addition before left outside is cleared first', async () => {
    const { exec, said } = fakeIp([], {}, [linkJson({ ifname: birth }, {})]);
    await createKernelTunnels(exec).apply([add(GRE_US)]);
    expect(said).toEqual([`default: link delete dev ${birth}`, ...created, ...set]);
  });

  test('adding what is there sets it right', async () => {
    const { exec, said } = fakeIp([linkJson({}, {})]);
    await createKernelTunnels(exec).apply([add(GRE_US)]);
    expect(said).toEqual(set);
  });

  test("somebody else's device of the same name is left alone, and keeps nobody else away", async () => {
    const { exec, said } = fakeIp([linkJson({ ifalias: undefined }, {})]);
    await expect(createKernelTunnels(exec).apply([add(GRE_US), add(GRE_KEY)])).rejects.toThrow(
      "gre-us in cv-acme is somebody else's; remove or rename it",
    );
    expect(said.filter((line) => line.includes('gre-us'))).toEqual([]);
    expect(said).toHaveLength(5);
  });

  test('a repair changes ends, MTU and state in place', async () => {
    const { exec, said } = fakeIp([]);
    await createKernelTunnels(exec).apply([{ kind: 'tunnel-repair', tunnel: GRE_US }]);
    expect(said).toEqual(set);
  });

  test('a device is deleted once; made anew when it is deleted and added', async () => {
    const { exec, said } = fakeIp([linkJson({}, {})]);
    await createKernelTunnels(exec).apply([gone, { ...gone, name: 'gre-gone' }, add(GRE_US)]);
    expect(said).toEqual(['cv-acme: link delete dev gre-us', ...created, ...set]);
  });

  test("somebody else's device is not deleted", async () => {
    const { exec, said } = fakeIp([linkJson({ ifalias: undefined }, {})]);
    await createKernelTunnels(exec).apply([gone]);
    expect(said).toEqual([]);
  });

  test('a failure names the line', async () => {
    const stderr = 'Error: Unknown device type.\nCommand failed -:1\nCannot find device "cvt-0"\nCommand failed -:2\n';
    const { exec } = fakeIp([], { code: 1, stderr });
    await expect(createKernelTunnels(exec).apply([add(GRE_US)])).rejects.toThrow(
      `ip -force -batch -: Error: Unknown device type. at \`link add name ${birth} mtu 1476 type gre`,
    );
  });
});
