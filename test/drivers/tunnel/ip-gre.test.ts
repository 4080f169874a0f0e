/**
 * The kernel's GRE against itself and against tund; the picture is in
 * tund-fixture.ts, with ip_gre in place of tund on the server's side.
 */
import { createKernelTunnels } from '../../../src/drivers/tunnel/kernel-tunnels.js';
import { address } from '../../../src/model/address.js';
import type { TunnelState } from '../../../src/model/kernel.js';
import { openAnchor, whyNoAnchor } from '../../kernel-anchor.js';
import { transpiled, type Program } from '../syscall/transpiled.js';
import { GRE_US, TundFixture } from './tund-fixture.js';

async function whyNoGre(): Promise<string | undefined> {
  const missing = await whyNoAnchor();
  if (missing !== undefined) return missing;
  const anchor = await openAnchor();
  const probe = await createKernelTunnels(anchor.exec, anchor.rtnetlink).probe();
  await anchor.close();
  return probe.works ? undefined : probe.detail;
}

const missing = await whyNoGre();
if (missing !== undefined) console.warn(`tunnels by the kernel are not tested: ${missing}`);
const whenPossible = missing === undefined ? describe : describe.skip;

const GRE_KEY: TunnelState = { ...GRE_US, name: 'gre-key', key: 0xfffffffe };

whenPossible('tunnels by the kernel', () => {
  let program: Program;
  let fixture: TundFixture;

  beforeAll(async () => {
    program = await transpiled('src/main/tund.ts');
    fixture = await TundFixture.open(program.path);
    await fixture.router();
  }, 60_000);
  afterAll(async () => {
    await fixture.anchor.close();
    await program.remove();
  });
  afterEach(async () => {
    const ours = await observed();
    await driver().apply(ours.map(({ netns, name }) => ({ kind: 'tunnel-delete', netns, name })));
  });

  const driver = () => createKernelTunnels(fixture.anchor.exec, fixture.anchor.rtnetlink);
  const observed = () => driver().observe(['cv-acme']);
  const add = (...tunnels: TunnelState[]) => driver().apply(tunnels.map((tunnel) => ({ kind: 'tunnel-add', tunnel })));

  test('one is added, observed as desired, carries both families, and is deleted', async () => {
    expect(await observed()).toEqual([]);
    await add(GRE_US);
    expect(await observed()).toEqual([GRE_US]);
    await fixture.sh(`ip -n cv-acme address add 10.255.0.0/31 dev gre-us
      ip -n cv-acme address add 2001:db8:ff::/127 dev gre-us nodad`);
    expect(await fixture.ping()).toBe(3);
    expect(await fixture.ping('2001:db8:ff::1')).toBe(3);
    await driver().apply([{ kind: 'tunnel-delete', netns: 'cv-acme', name: 'gre-us' }]);
    expect(await observed()).toEqual([]);
    await driver().apply([{ kind: 'tunnel-delete', netns: 'cv-acme', name: 'gre-us' }]);
  });

  test('leaves DF off and TTL at 64, has no link-local address', async () => {
    await add(GRE_US);
    const details = await fixture.sh('ip -n cv-acme -d link show gre-us');
    expect(details).toMatch(/ttl 64 nopmtudisc/);
    expect(await fixture.sh('ip -n cv-acme -6 address show dev gre-us')).toBe('');
  });

  test('keys of 32 bits', async () => {
    await add(GRE_US, GRE_KEY);
    expect(await observed()).toEqual([GRE_KEY, GRE_US]);
  });

  test('with a key against tund', async () => {
    const keyed = { ...GRE_KEY, key: 42 };
    await add(keyed);
    await fixture.sh('ip -n cv-acme address add 10.255.0.2/31 dev gre-key');
    expect(await fixture.ping('10.255.0.3')).toBe(3);
  });

  test('a repair restores ends, key, MTU and state in place', async () => {
    await add({ ...GRE_US, remote: address('198.51.100.99'), key: 7, mtu: 1300, up: false });
    const index = () => fixture.sh('ip netns exec cv-acme cat /sys/class/net/gre-us/ifindex');
    const before = await index();
    await driver().apply([{ kind: 'tunnel-repair', tunnel: GRE_US }]);
    expect(await observed()).toEqual([GRE_US]);
    await driver().apply([{ kind: 'tunnel-repair', tunnel: { ...GRE_US, key: 9 } }]);
    expect(await observed()).toEqual([{ ...GRE_US, key: 9 }]);
    expect(await index()).toBe(before);
  });

  test('adding what is there is harmless', async () => {
    await add(GRE_US);
    await add(GRE_US);
    expect(await observed()).toEqual([GRE_US]);
  });

  test('foreign devices are neither seen nor touched, and keep nobody else away', async () => {
    const there = () => fixture.sh('ip -n cv-acme -d -o link show gre-us');
    await fixture.sh('ip -n cv-acme link add gre-us type gre local 192.0.2.9 remote 203.0.113.9');
    const before = await there();
    expect(await observed()).toEqual([]);
    await expect(add(GRE_US, GRE_KEY)).rejects.toThrow(/^gre-us in cv-acme is somebody else's/);
    expect(await observed()).toEqual([GRE_KEY]);
    expect(await there()).toBe(before);
    await fixture.sh('ip -n cv-acme link delete gre-us');
  });

  test('a customer deleted behind our back takes its device along', async () => {
    await add(GRE_US);
    await fixture.sh('ip netns delete cv-acme; ip netns add cv-acme');
    expect(await observed()).toEqual([]);
    await add(GRE_US);
    expect(await observed()).toEqual([GRE_US]);
  });
});
