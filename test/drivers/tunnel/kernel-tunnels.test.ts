import { createKernelTunnels } from '../../../src/drivers/tunnel/kernel-tunnels.js';
import { address } from '../../../src/model/address.js';
import type { TunnelState } from '../../../src/model/kernel.js';
import type { Exec, ExecResult } from '../../../src/ports/exec.js';
import type { TunnelDriver } from '../../../src/ports/kernel.js';
import type { Interface, Rtnetlink } from '../../../src/ports/rtnetlink.js';

const GRE_US: TunnelState = {
  netns: 'cv-acme',
  name: 'gre-us',
  local: address('192.0.2.1'),
  remote: address('198.51.100.66'),
  mtu: 1476,
  up: true,
};
const GRE_KEY: TunnelState = { ...GRE_US, name: 'gre-key', key: 42, up: false };

const ENDS = { local: address('192.0.2.1'), remote: address('198.51.100.66') };

const link = (more: Partial<Interface> = {}): Interface => ({
  index: 7,
  name: 'gre-us',
  up: true,
  carrier: true,
  mtu: 1476,
  alias: 'culvert-gre',
  kind: 'gre',
  gre: ENDS,
  peer: { index: 0, netnsid: 0 },
  makesAddresses: false,
  addresses: [],
  ...more,
});

/** A machine with these links in every customer's namespace; records every batch as `namespace: line`. */
function machine(
  links: readonly Interface[],
  failing?: Partial<ExecResult>,
  outside: readonly Interface[] = [],
): { driver: TunnelDriver; said: string[] } {
  const said: string[] = [];
  const run: Exec['run'] = (argv, options) => {
    const netns = argv.includes('-netns') ? argv[argv.indexOf('-netns') + 1] : 'default';
    for (const line of (options?.input ?? '').trimEnd().split('\n')) said.push(`${netns}: ${line}`);
    return Promise.resolve({ code: 0, stdout: '', stderr: '', ...failing });
  };
  const unexpected = (): never => {
    throw new Error('not expected here');
  };
  const rtnetlink: Rtnetlink = {
    interfaces: (namespaces) =>
      Promise.resolve(new Map(namespaces.map((netns) => [netns, netns === '' ? outside : links]))),
    forwarding: unexpected,
    rules: unexpected,
    idsOf: unexpected,
  };
  return { driver: createKernelTunnels({ run, stream: unexpected }, rtnetlink), said };
}

describe('observing', () => {
  const observe = (links: readonly Interface[]) => machine(links).driver.observe(['cv-acme']);

  test('ours, sorted', async () => {
    const keyed = link({ name: 'gre-key', up: false, gre: { ...ENDS, inputKey: 42, outputKey: 42 } });
    expect(await observe([link(), keyed])).toEqual([GRE_KEY, GRE_US]);
  });

  test.each([
    ['without our alias', link({ alias: 'other' })],
    ['of the module itself', link({ name: 'gre0', gre: {} })],
    ['with the outside inside', link({ peer: { index: 0 } })],
    ['with two keys', link({ gre: { ...ENDS, inputKey: 1, outputKey: 2 } })],
    ['with one key', link({ gre: { ...ENDS, inputKey: 1 } })],
    ['of another kind', (({ gre: _, ...rest }) => rest)(link({ kind: 'dummy' }))],
  ])('a device %s is foreign', async (_, foreign) => expect(await observe([foreign])).toEqual([]));
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
    const { driver, said } = machine([]);
    await driver.apply([add(GRE_US), add(GRE_KEY)]);
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
    const { driver, said } = machine([], {}, [link({ name: birth })]);
    await driver.apply([add(GRE_US)]);
    expect(said).toEqual([`default: link delete dev ${birth}`, ...created, ...set]);
  });

  test('adding what is there sets it right', async () => {
    const { driver, said } = machine([link()]);
    await driver.apply([add(GRE_US)]);
    expect(said).toEqual(set);
  });

  test("somebody else's device of the same name is left alone, and keeps nobody else away", async () => {
    const { driver, said } = machine([link({ alias: 'other' })]);
    await expect(driver.apply([add(GRE_US), add(GRE_KEY)])).rejects.toThrow(
      "gre-us in cv-acme is somebody else's; remove or rename it",
    );
    expect(said.filter((line) => line.includes('gre-us'))).toEqual([]);
    expect(said).toHaveLength(5);
  });

  test('a repair changes ends, MTU and state in place', async () => {
    const { driver, said } = machine([]);
    await driver.apply([{ kind: 'tunnel-repair', tunnel: GRE_US }]);
    expect(said).toEqual(set);
  });

  test('a device is deleted once; made anew when it is deleted and added', async () => {
    const { driver, said } = machine([link()]);
    await driver.apply([gone, { ...gone, name: 'gre-gone' }, add(GRE_US)]);
    expect(said).toEqual(['cv-acme: link delete dev gre-us', ...created, ...set]);
  });

  test("somebody else's device is not deleted", async () => {
    const { driver, said } = machine([link({ alias: 'other' })]);
    await driver.apply([gone]);
    expect(said).toEqual([]);
  });

  test('a failure names the line', async () => {
    const stderr = 'Error: Unknown device type.\nCommand failed -:1\nCannot find device "cvt-0"\nCommand failed -:2\n';
    const { driver } = machine([], { code: 1, stderr });
    await expect(driver.apply([add(GRE_US)])).rejects.toThrow(
      `ip -force -batch -: Error: Unknown device type. at \`link add name ${birth} mtu 1476 type gre`,
    );
  });
});
