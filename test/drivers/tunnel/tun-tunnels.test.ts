import { askTund } from '../../../src/drivers/tunnel/tun/tund-client.js';
import { address } from '../../../src/model/address.js';
import { KernelError } from '../../../src/ports/kernel.js';
import { whyNoAnchor } from '../../kernel-anchor.js';
import { eventually } from '../syscall/eventually.js';
import { transpiled, type Program } from '../syscall/transpiled.js';
import { GRE_US, TundFixture, type Running } from './tund-fixture.js';

const missing = await whyNoAnchor();
if (missing !== undefined) console.warn(`tunnels in user space are not tested: ${missing}`);
const whenPossible = missing === undefined ? describe : describe.skip;

whenPossible('tunnels in user space', () => {
  let program: Program;
  let fixture: TundFixture;
  let tund: Running;

  beforeAll(async () => {
    program = await transpiled('src/main/tund.ts');
    fixture = await TundFixture.open(program.path);
    [tund] = await Promise.all([fixture.tund(), fixture.router()]);
  });
  afterAll(async () => {
    await fixture.anchor.close();
    await program.remove();
  });
  afterEach(async () => {
    const { tunnels } = await list();
    await fixture.driver().apply(tunnels.map(({ netns, name }) => ({ kind: 'tunnel-delete', netns, name })));
  });

  const list = () => askTund(fixture.socket, { ask: 'list' }, 'list');
  const observed = () => fixture.driver().observe(['cv-acme']);
  const add = (tunnel = GRE_US) => fixture.driver().apply([{ kind: 'tunnel-add', tunnel }]);
  const withInner = () => fixture.sh('ip -n cv-acme address add 10.255.0.0/31 dev gre-us');

  test('one is added, observed as desired, carries both families, and is deleted', async () => {
    expect(await fixture.driver().probe()).toEqual({ works: true });
    expect(await observed()).toEqual([]);
    await add();
    expect(await observed()).toEqual([GRE_US]);
    await fixture.sh(
      'ip -n cv-acme address add 10.255.0.0/31 dev gre-us; ip -n cv-acme address add 2001:db8:ff::/127 dev gre-us nodad',
    );
    expect(await fixture.ping()).toBe(3);
    expect(await fixture.ping('2001:db8:ff::1')).toBe(3);
    expect(await fixture.ping('10.255.0.1', '-s', '3000')).toBe(3);
    expect((await list()).tunnels[0]?.counters).toMatchObject({ sendErrors: 0, deviceErrors: 0 });
    await fixture.driver().apply([{ kind: 'tunnel-delete', netns: 'cv-acme', name: 'gre-us' }]);
    expect(await observed()).toEqual([]);
    expect((await list()).tunnels).toEqual([]);
    await fixture.driver().apply([{ kind: 'tunnel-delete', netns: 'cv-acme', name: 'gre-us' }]);
  });

  test('the device gets no link-local address, so it is silent by itself', async () => {
    await add();
    expect(await fixture.sh('ip -n cv-acme -6 address show dev gre-us')).toBe('');
    expect((await list()).tunnels[0]?.counters.sent).toBe(0);
  });

  test('a second agent adopts what tund holds', async () => {
    await add();
    await withInner();
    const [before] = (await list()).tunnels;
    expect(await observed()).toEqual([GRE_US]);
    expect(await fixture.ping()).toBe(3);
    expect((await list()).tunnels[0]?.id).toBe(before?.id);
  });

  test('tunnels to one router are told apart by their keys', async () => {
    const keyed = { ...GRE_US, name: 'gre-key', key: 42 };
    await fixture.driver().apply([
      { kind: 'tunnel-add', tunnel: GRE_US },
      { kind: 'tunnel-add', tunnel: keyed },
    ]);
    expect(await observed()).toEqual([keyed, GRE_US]);
    await fixture.sh('ip -n cv-acme address add 10.255.0.2/31 dev gre-key');
    expect(await fixture.ping('10.255.0.3')).toBe(3);
    const counters = (await list()).tunnels.map(({ name, counters }) => [name, counters.received]);
    expect(Object.fromEntries(counters)).toEqual({ 'gre-us': 0, 'gre-key': 3 });
  });

  test('equal ends are refused, with a remedy', async () => {
    await add();
    await expect(add({ ...GRE_US, name: 'gre-again' })).rejects.toThrow('give one of them a key');
    expect(await observed()).toEqual([GRE_US]);
  });

  test('a repair restores ends, MTU and state in place', async () => {
    await add({ ...GRE_US, remote: address('198.51.100.99') });
    await fixture.sh('ip -n cv-acme link set gre-us down mtu 1300');
    expect(await observed()).toMatchObject([{ up: false, mtu: 1300, remote: '198.51.100.99' }]);
    const id = (await list()).tunnels[0]?.id;
    await fixture.driver().apply([{ kind: 'tunnel-repair', tunnel: GRE_US }]);
    expect(await observed()).toEqual([GRE_US]);
    expect((await list()).tunnels[0]?.id).toBe(id);
  });

  test('adding what is there replaces it', async () => {
    await add();
    await add();
    expect(await observed()).toEqual([GRE_US]);
    expect((await list()).tunnels).toHaveLength(1);
  });

  test('a foreign TUN device of the same name is not taken for ours', async () => {
    await fixture.sh('ip -n cv-acme tuntap add dev gre-us mode tun');
    expect(await observed()).toEqual([]);
    const other = { ...GRE_US, name: 'gre-other', key: 7 };
    const both = [GRE_US, other].map((tunnel) => ({ kind: 'tunnel-add' as const, tunnel }));
    const failure: unknown = await fixture
      .driver()
      .apply(both)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(KernelError);
    expect(String(failure)).toMatch(/File exists at `link set dev cvt\d+ netns cv-acme name gre-us /);
    expect(await observed()).toEqual([other]);
    expect(await fixture.sh('ip -n cv-acme -o link show dev gre-us')).toContain('DOWN');
    await fixture.sh('ip -n cv-acme link delete gre-us');
  });

  test('a device renamed by hand is not there', async () => {
    await add();
    await fixture.sh('ip -n cv-acme link set gre-us down; ip -n cv-acme link set gre-us name gre-them');
    expect(await observed()).toEqual([]);
    await add();
    expect(await observed()).toEqual([GRE_US]);
  });

  test('a customer deleted behind our back takes its device along, and tund forgets it', async () => {
    await add();
    await fixture.sh('ip netns delete cv-acme');
    await eventually(async () => (await list()).tunnels.length === 0);
    await fixture.sh('ip netns add cv-acme');
    expect(await observed()).toEqual([]);
    await add();
    expect(await observed()).toEqual([GRE_US]);
  });

  test('tund killed: nothing is observed, adding says what to start, and a new tund serves', async () => {
    await add();
    await fixture.signalTund('KILL');
    await tund.ended;
    await eventually(async () => (await observed()).length === 0);
    await expect(add()).rejects.toThrow(/^no tund listens at .*; start it: culvert tund --socket /);
    tund = await fixture.tund();
    await add();
    expect(await observed()).toEqual([GRE_US]);
  });

  test('SIGTERM ends it in order, and its devices with it', async () => {
    await add();
    await fixture.signalTund('TERM');
    expect(await tund.ended).toContain('exit status 0');
    expect(await fixture.sh('ip -n cv-acme -o link')).not.toContain('gre-us');
    expect(await fixture.sh('ls /run/culvert')).toBe('');
    tund = await fixture.tund();
  });

  test('a second tund at the same socket is refused', async () => {
    await expect(fixture.tund('--socket', '/run/culvert/tund.sock')).rejects.toThrow(
      /exit status 1.*another tund listens/s,
    );
    await add();
  });

  test('an unreadable request is answered, not obeyed', async () => {
    await expect(askTund(fixture.socket, { ask: 'nonsense' } as never, 'list')).rejects.toThrow('not understood');
    expect((await list()).tunnels).toEqual([]);
  });

  test('packets of strangers and malformed ones are dropped and counted', async () => {
    await add();
    const send = (from: string, hex: string) =>
      fixture.sh(`ip netns exec cpe ip address add ${from}/32 dev lo 2>/dev/null || true
        printf '${hex.replaceAll(/../g, (byte) => `\\${Number.parseInt(byte, 16).toString(8).padStart(3, '0')}`)}' |
        ip netns exec cpe socat -u - IP4-DATAGRAM:192.0.2.1:47,bind=${from}`);
    await send('198.51.100.66', '00010800');
    await send('198.51.100.66', '0000');
    await send('198.51.100.66', '2000080000000001');
    await send('203.0.113.77', '0000080045');
    await eventually(async () => Object.values((await list()).refused).reduce((sum, n) => sum + n, 0) === 4);
    expect((await list()).refused).toEqual({ 'unknown-version': 1, truncated: 1, stranger: 2 });
  });

  test('send errors are counted and survived', async () => {
    await add();
    await withInner();
    await fixture.sh('ip address del 192.0.2.1/32 dev lo');
    expect(await fixture.ping()).toBe(0);
    expect((await list()).tunnels[0]?.counters.sendErrors).toBe(3);
    await fixture.sh('ip address add 192.0.2.1/32 dev lo');
    expect(await fixture.ping()).toBe(3);
  });
});
