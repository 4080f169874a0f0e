/**
 * The floor under the checker: the same packets at the same pace from the same
 * system calls, with no list, no timeout, no verdict and no report.
 * `bare-probes SECONDS ICMP TCP HTTP INTERVAL_MS`; prints its own figures.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { createSyscalls } from '../../src/drivers/syscall/syscalls.js';
import { address } from '../../src/model/address.js';

const [seconds = 10, icmp = 0, tcp = 0, http = 0, intervalMs = 200] = process.argv.slice(2).map(Number);
const TICK_MS = 2;
const REQUEST = 'GET /200 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n\r\n';

const syscalls = createSyscalls();
const local = address('127.0.0.1');
const counts = { icmp: 0, tcp: 0, http: 0 };

const echo = syscalls.rawSocket({ family: 4, protocol: 1, icmpType: 0, receiveBuffer: 8 * 1024 * 1024 });
const packet = syscalls.allocate(24);
packet.bytes.set([8, 0, 0xf7, 0xff]);
const into = syscalls.allocate(2_048);
syscalls.watch(echo, () => {
  while (syscalls.receive(echo, into, 0, 2_048) > 0) counts.icmp++;
});
const host = syscalls.socketAddress(local);

const service = syscalls.socketAddress(local, 7);
const handshakes = syscalls.openHandshakes((fd) => {
  if (syscalls.socketError(fd) === 0) counts.tcp++;
  syscalls.close(fd);
});

const sockets = Array.from({ length: http }, () => connect(80, '127.0.0.1').on('data', () => counts.http++));
await Promise.all(sockets.map((socket) => once(socket, 'connect')));

const acts = [
  ...Array.from({ length: icmp }, () => () => syscalls.send(echo, packet, 0, 24, host)),
  ...Array.from({ length: tcp }, () => () => {
    const fd = syscalls.connectTcp(4, service);
    handshakes.add(fd, fd);
  }),
  ...sockets.map((socket) => () => socket.write(REQUEST)),
];
/** Kinds mixed over the interval, as splay mixes them. */
const mixed = acts.map((_, place) => acts[(place * 7_919) % acts.length] ?? (() => undefined));

const began = performance.now();
const before = process.cpuUsage();
let done = 0;
/** How late this machine lets anybody be. */
const slips: number[] = [];
const ticking = setInterval(() => {
  const elapsed = performance.now() - began;
  const wanted = Math.floor((Math.min(elapsed, seconds * 1_000) * acts.length) / intervalMs);
  for (; done < wanted; done++) {
    slips.push(elapsed - (done * intervalMs) / acts.length);
    mixed[done % mixed.length]?.();
  }
  if (elapsed < seconds * 1_000 + 50) return;
  clearInterval(ticking);
  const { user, system } = process.cpuUsage(before);
  slips.sort((a, b) => a - b);
  const [p50 = NaN, p99 = NaN] = [0.5, 0.99].map((share) => slips[Math.floor(share * (slips.length - 1))] ?? NaN);
  console.log(JSON.stringify({ cpuSeconds: (user + system) / 1e6, sent: done, p50, p99, ...counts }));
  process.exit(0);
}, TICK_MS);
