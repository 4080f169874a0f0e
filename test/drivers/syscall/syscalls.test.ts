import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { address } from '../../../src/model/address.js';
import { EADDRNOTAVAIL, EAGAIN, EBADFD, ECONNREFUSED, SyscallError } from '../../../src/ports/syscall.js';
import { createSyscalls } from '../../../src/drivers/syscall/syscalls.js';
import { openAnchor, whyNoAnchor, type Anchor } from '../../kernel-anchor.js';
import { eventually } from './eventually.js';

const missing = await whyNoAnchor();
if (missing !== undefined) console.warn(`system calls are not tested: ${missing}`);
const whenPossible = missing === undefined ? describe : describe.skip;

whenPossible('system calls', () => {
  const syscalls = createSyscalls();
  const own = (): string => readlinkSync('/proc/thread-self/ns/net');
  const home = own();
  let anchor: Anchor;
  let inside: <T>(call: () => T) => T;

  beforeAll(async () => {
    anchor = await openAnchor();
    inside = (call) => syscalls.withinNetns(`/proc/${anchor.pid}/ns/net`, call);
  });
  afterAll(() => anchor.close());
  afterEach(() => expect(own()).toBe(home));

  test('a call runs inside the namespace, and its value comes out', () => {
    const there = inside(own);
    expect(there).not.toBe(home);
    expect(there).toBe(readlinkSync(`/proc/${anchor.pid}/ns/net`));
  });

  test('calls nest', () => {
    const path = `/proc/${process.ppid}/ns/net`;
    expect(inside(() => [syscalls.withinNetns(path, own), own()])).toEqual([home, inside(own)]);
  });

  test('a call that throws is back home afterwards', () => {
    const cause = new Error('inside');
    expect(() =>
      inside(() => {
        throw cause;
      }),
    ).toThrow(cause);
  });

  test('a namespace that is not there says so', () => {
    const call = () => syscalls.withinNetns('/run/netns/nobody', own);
    expect(call).toThrow(SyscallError);
    expect(call).toThrow('open /run/netns/nobody: ENOENT, it is not there');
  });

  test('what is no namespace is refused', () => {
    expect(() => syscalls.withinNetns('/etc/hostname', own)).toThrow(/^setns \/etc\/hostname: EINVAL/);
  });

  test('a raw socket receives what another sent on the loopback', async () => {
    const [a, b] = inside(() => [
      syscalls.rawSocket({ family: 4, protocol: 253, local: address('127.0.0.7'), fragmentable: true }),
      syscalls.rawSocket({ family: 4, protocol: 253, local: address('127.0.0.8'), receiveBuffer: 65_536 }),
    ]);
    const memory = syscalls.allocate(256);
    expect(syscalls.receive(b, memory, 0, 256)).toBe(-EAGAIN);
    memory.bytes.write('hello', 100);
    let ready = 0;
    const watch = syscalls.watch(b, () => ready++);
    expect(syscalls.send(a, memory, 100, 5, syscalls.socketAddress(address('127.0.0.8')))).toBe(5);
    await eventually(() => ready > 0);
    expect(syscalls.receive(b, memory, 0, 256)).toBe(25);
    expect(memory.bytes.toString('latin1', 20, 25)).toBe('hello');
    expect([...memory.bytes.subarray(12, 20)]).toEqual([127, 0, 0, 7, 127, 0, 0, 8]);
    expect(memory.bytes.readUInt16BE(6) & 0x4000).toBe(0);
    watch.stop();
    syscalls.close(a);
    syscalls.close(b);
  });

  test('handshakes end with success or with what refused them, each told once', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const to = (port: number) => syscalls.socketAddress(address('127.0.0.1'), port);
    const { port } = server.address() as AddressInfo;
    const told: number[] = [];
    const handshakes = syscalls.openHandshakes((token) => told.push(token));
    const [good, bad, left] = [to(port), to(1), to(port)].map((target) => syscalls.connectTcp(4, target));
    expect([good, bad, left].map((fd, token) => handshakes.add(fd!, token))).toEqual([0, 0, 0]);
    syscalls.close(left!); // before the event loop turns: it is out
    await eventually(() => told.length === 2);
    expect(told.sort()).toEqual([0, 1]);
    expect([syscalls.socketError(good!), syscalls.socketError(bad!)]).toEqual([0, -ECONNREFUSED]);
    for (const fd of [good!, bad!]) syscalls.close(fd);
    handshakes.close();
    server.close();
  });

  test('a connection from an address that is not here is refused, and nothing stays open', () => {
    const to = syscalls.socketAddress(address('127.0.0.1'), 7);
    const foreign = syscalls.socketAddress(address('198.51.100.7'));
    const before = readdirSync('/proc/self/fd').length;
    expect(inside(() => syscalls.connectTcp(4, to, foreign))).toBe(-EADDRNOTAVAIL);
    expect(readdirSync('/proc/self/fd')).toHaveLength(before);
  });

  test('a raw socket may insist on an address of its own, or carry a foreign one', () => {
    const raw = (localIs: 'here' | 'foreign') =>
      inside(() => syscalls.rawSocket({ family: 4, protocol: 253, local: address('198.51.100.7'), localIs }));
    expect(() => raw('here')).toThrow('bind 198.51.100.7: EADDRNOTAVAIL');
    const fd = raw('foreign');
    const to = syscalls.socketAddress(address('127.0.0.1'));
    expect(syscalls.send(fd, syscalls.allocate(4), 0, 4, to)).toBe(4);
    syscalls.close(fd);
  });

  test('a device that is not there is refused, and nothing stays open', () => {
    const call = () => inside(() => syscalls.rawSocket({ family: 4, protocol: 255, device: 'gre-none' }));
    expect(call).toThrow(/SO_BINDTODEVICE gre-none: ENODEV/);
  });

  test('a TUN device lives as long as its descriptor', async () => {
    const { fd, name } = inside(() => syscalls.openTun('cvt%d'));
    expect(name).toBe('cvt0');
    const exists = async () => (await anchor.exec.run(['ip', 'link', 'show', 'cvt0'])).code === 0;
    expect(await exists()).toBe(true);
    expect(syscalls.read(fd, syscalls.allocate(64), 0, 64)).toBe(-EAGAIN);
    syscalls.close(fd);
    expect(await exists()).toBe(false);
  });

  test('a descriptor whose device went with its namespace wakes its watcher and says EBADFD', async () => {
    const { fd, name } = inside(() => syscalls.openTun('cvt%d'));
    const memory = syscalls.allocate(2_048);
    let answer = 0;
    const watch = syscalls.watch(fd, () => (answer = syscalls.read(fd, memory, 0, 2_048)));
    await anchor.exec.run(['sh', '-ec', `ip netns add cv-x; ip link set ${name} netns cv-x; ip netns delete cv-x`]);
    await eventually(() => answer === -EBADFD);
    watch.stop();
    syscalls.close(fd);
  });

  test('a device name that the kernel would cut is refused before the call', () => {
    expect(() => syscalls.openTun('gre-longer-than-15')).toThrow(RangeError);
  });
});
