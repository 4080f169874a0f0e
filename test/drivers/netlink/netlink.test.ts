import { createClock } from '../../../src/drivers/clock/clock.js';
import { createKernelEvents } from '../../../src/drivers/netlink/netlink.js';
import { createSyscalls } from '../../../src/drivers/syscall/syscalls.js';
import type { SysctlState } from '../../../src/model/kernel.js';
import { openAnchor, whyNoAnchor, type Anchor } from '../../kernel-anchor.js';

const obstacle = await whyNoAnchor();
if (obstacle !== undefined) console.warn(`kernel tests skipped: ${obstacle}`);

const BOUND_MS = 5_000;

(obstacle === undefined ? describe : describe.skip)('in a real kernel', () => {
  let anchor: Anchor;
  beforeAll(async () => {
    anchor = await openAnchor();
    await must('ip netns add cv-acme');
    await must('ip link add name cv-acme type veth peer name edge0 netns cv-acme');
    await must('nft add table inet culvert');
    await must('ip netns exec cv-acme nft add table inet culvert');
  });
  afterAll(() => anchor?.close());

  let stop: () => void = () => undefined;
  afterEach(() => stop());

  async function must(command: string): Promise<void> {
    const { code, stderr } = await anchor.exec.run(['sh', '-c', command]);
    if (code !== 0) throw new Error(`${command}: ${stderr}`);
  }

  /** Starts a watch in the anchor; `after` resolves with the wakes that followed a command. */
  function watching(settings: readonly SysctlState[] = []) {
    let wakes = 0;
    let woken: () => void = () => undefined;
    const events = createKernelEvents({
      syscalls: createSyscalls(),
      namespaces: anchor.namespaces,
      clock: createClock(),
    });
    const watch = events.watch(
      () => {
        wakes++;
        woken();
      },
      () => settings,
    );
    stop = () => watch.stop();
    return {
      wakes: () => wakes,
      wakesAfter: async (command: string): Promise<void> => {
        const before = wakes;
        const wake = new Promise<void>((resolve, reject) => {
          const bound = setTimeout(() => reject(new Error(`no wake after: ${command}`)), BOUND_MS);
          woken = () => {
            if (wakes === before) return;
            clearTimeout(bound);
            resolve();
          };
        });
        await must(command);
        await wake;
      },
    };
  }

  test('every kind of change wakes, in the default namespace and in a customer’s', async () => {
    const { wakesAfter } = watching();
    await wakesAfter('ip address add 192.0.2.1/32 dev lo');
    await wakesAfter('ip rule add preference 7 lookup 7');
    await wakesAfter('ip -6 rule add preference 7 lookup 7');
    await wakesAfter('nft add set inet culvert s "{ type ipv4_addr; }"');
    await wakesAfter('nft add element inet culvert s "{ 192.0.2.1 }"');
    await wakesAfter('ip netns exec cv-acme nft add chain inet culvert c');
    await must('ip link set dev cv-acme up');
    await wakesAfter('ip -n cv-acme link set dev edge0 up');
    await wakesAfter('ip -n cv-acme route add unreachable 203.0.113.0/24');
    await wakesAfter('ip -n cv-acme nexthop add id 7 dev edge0');
    await wakesAfter('ip netns exec cv-acme nft flush ruleset');
    await wakesAfter('ip -n cv-acme link delete dev edge0');
  });

  test('a group that gives idle buckets to a member that is back does not wake, and is heard no less after it', async () => {
    const { wakesAfter, wakes } = watching();
    const group = 'type resilient buckets 32 idle_timer 1 unbalanced_timer 0';
    const moved = 'test "$(ip -n cv-acme nexthop bucket show id 3 | grep -c "nhid 2 ")" = 16';
    await must(`ip link add name t1 netns cv-acme type veth peer name t2
      ip -n cv-acme link set dev t1 addrgenmode none; ip link set dev t2 addrgenmode none
      ip link set dev t2 up; ip -n cv-acme link set dev t1 up; ip -n cv-acme address add 10.0.0.1/32 dev t1
      ip -n cv-acme nexthop add id 1 dev t1; ip -n cv-acme nexthop add id 2 dev t1
      ip -n cv-acme nexthop add id 3 group 1,255/2 ${group}; ip -n cv-acme route add 198.51.100.0/24 nhid 3
      ip netns exec cv-acme bash --norc -c 'for n in {1..254}; do echo >/dev/udp/198.51.100.$n/9; done'`);
    await wakesAfter(`ip -n cv-acme nexthop replace id 3 group 1/2 ${group}`);
    const first = wakes();
    expect((await anchor.exec.run(['sh', '-c', moved])).code).not.toBe(0);
    const bound = performance.now() + BOUND_MS;
    while ((await anchor.exec.run(['sh', '-c', moved])).code !== 0) expect(performance.now()).toBeLessThan(bound);
    expect(wakes()).toBe(first);
    await wakesAfter('ip -n cv-acme nexthop delete id 3');
  });

  test('a setting that differs wakes, again and again until it is mended; one that is not there does not', async () => {
    const key = 'net.ipv4.fib_multipath_hash_policy';
    const { wakesAfter, wakes } = watching([
      { netns: '', key, value: '0' },
      { netns: '', key: 'net.ipv4.conf.nowhere.rp_filter', value: '0' },
    ]);
    await wakesAfter(`echo 1 >/proc/sys/${key.replaceAll('.', '/')}`);
    const first = wakes();
    while (wakes() < first + 2) await new Promise((resolve) => setTimeout(resolve, 20));
    await must(`echo 0 >/proc/sys/${key.replaceAll('.', '/')}`);
  });

  test('a namespace that cannot be entered wakes', async () => {
    const { wakes } = watching([{ netns: 'cv-gone', key: 'net.ipv4.ip_forward', value: '1' }]);
    while (wakes() === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  test('nothing wakes once it is stopped', async () => {
    const { wakes } = watching();
    stop();
    await must('ip address add 192.0.2.9/32 dev lo');
    expect(wakes()).toBe(0);
  });
});
