import { readdirSync } from 'node:fs';
import { createNetlink } from '../../../src/drivers/netlink/ask.js';
import { host, writeAttributes } from '../../../src/drivers/netlink/attributes.js';
import type { KernelError } from '../../../src/ports/kernel.js';
import type { Namespaces } from '../../../src/ports/namespaces.js';
import type { Netlink, NetlinkRequest } from '../../../src/ports/netlink.js';
import { openAnchor, whyNoAnchor, type Anchor } from '../../kernel-anchor.js';
import { reasonOf } from '../../reason-of.js';
import {
  done,
  message,
  NLMSG_DONE,
  NLMSG_ERROR,
  refusal,
  scriptedKernel,
  u32,
  type Script,
} from './scripted-kernel.js';

const DUMP: NetlinkRequest = { type: 18, dump: true, header: Buffer.alloc(16) };
const ONE: NetlinkRequest = { ...DUMP, dump: false };
const NEWLINK = 16;
const INTERRUPTED = 0x10;

const EPERM = -1;
const ENOENT = -2;
const ENOMEM = -12;
const EACCES = -13;
const ENODEV = -19;
const EINVAL = -22;
const ENOBUFS = -105;

/** A `struct ifinfomsg` with its index, and a name. */
const link = (sequence: number, index: number, flags = 0): Buffer =>
  message(
    sequence,
    NEWLINK,
    Buffer.concat([u32(0), u32(index), u32(0), u32(0), writeAttributes([[3, Buffer.from(`eth${index}\0`)]])]),
    flags,
  );

const here: Namespaces = { names: () => [], within: (_, call) => call(), pathOf: () => undefined };

function against(script: Script | Script['answer'], namespaces = here) {
  const kernel = scriptedKernel(typeof script === 'function' ? { answer: script } : script);
  const netlink = createNetlink({ syscalls: kernel.syscalls, namespaces });
  return {
    ...kernel,
    indexes: (...requests: readonly NetlinkRequest[]) =>
      netlink
        .ask('', 'route', requests)
        .map((messages) => Array.from(messages, ({ header, attributes }) => [header.u32(4), attributes.text(3)])),
  };
}

const ETH1 = [1, 'eth1'];
const ETH2 = [2, 'eth2'];

describe('an answer', () => {
  test('of one message to a request that is no dump', () => {
    const { indexes, asked } = against(({ sequence }) => [link(sequence, 1)]);
    expect(indexes(ONE)).toEqual([[ETH1]]);
    expect(asked).toMatchObject([{ type: 18, flags: 0x1 }]);
  });

  test('to a dump, over several datagrams', () => {
    const { indexes, asked } = against(({ sequence }) => [link(sequence, 1), link(sequence, 2), done(sequence)]);
    expect(indexes(DUMP)).toEqual([[ETH1, ETH2]]);
    expect(asked).toMatchObject([{ type: 18, flags: 0x301 }]);
  });

  test('to a dump, in one datagram with its end', () => {
    const { indexes } = against(({ sequence }) => [
      Buffer.concat([link(sequence, 1), link(sequence, 2), done(sequence)]),
    ]);
    expect(indexes(DUMP)).toEqual([[ETH1, ETH2]]);
  });

  test('that is empty', () => {
    expect(against(({ sequence }) => [done(sequence)]).indexes(DUMP)).toEqual([[]]);
  });

  test('that is only an acknowledgement', () => {
    expect(against(({ sequence }) => [refusal(sequence, 0)]).indexes(ONE)).toEqual([[]]);
  });

  test('stays what it was when the next one arrives', () => {
    const { indexes } = against(({ sequence }) => [link(sequence, sequence), done(sequence)]);
    const [[first] = [], [second] = []] = indexes(DUMP, DUMP);
    expect(first).not.toEqual(second);
  });

  test('to another request is passed over', () => {
    const { indexes } = against(({ sequence }) => [
      Buffer.concat([link(sequence + 77, 9), done(sequence + 77)]),
      refusal(0, EPERM),
      Buffer.concat([link(sequence, 1), done(sequence)]),
    ]);
    expect(indexes(DUMP)).toEqual([[ETH1]]);
  });

  test('of numbers that are past a signed integer', () => {
    expect(against(({ sequence }) => [link(sequence, 0xfffffffe)]).indexes(ONE)).toEqual([
      [[0xfffffffe, 'eth4294967294']],
    ]);
  });
});

describe('an answer that is repeated', () => {
  const heard = (datagrams: (sequence: number, turn: number) => readonly Buffer[]) => {
    let turn = 0;
    const kernel = scriptedKernel({ answer: ({ sequence }) => datagrams(sequence, turn++) });
    const netlink = createNetlink({ syscalls: kernel.syscalls, namespaces: here });
    return (request = DUMP, netns = '') => netlink.ask(netns, 'route', [request])[0];
  };
  const portOf = (bytes: Buffer, port: number): Buffer => {
    const copy = Buffer.from(bytes);
    host.writeU32(copy, port, 12);
    return copy;
  };

  test('is the same object, whatever the port and the number of the conversation', () => {
    const ask = heard((sequence, turn) => [portOf(link(sequence, 1), 77 + turn), done(sequence)]);
    const first = ask();
    expect(ask()).toBe(first);
    expect([...(first ?? [])]).toHaveLength(1);
  });

  test.each([
    ['one byte is another', (turn: number) => [link(1, 1 + turn), done(1)]],
    ['one message is missing', (turn: number) => [link(1, 1), ...(turn === 0 ? [link(1, 2)] : []), done(1)]],
    ['one message is new', (turn: number) => [link(1, 1), ...(turn === 1 ? [link(1, 2)] : []), done(1)]],
  ])('is another one when %s', (_, answer) => {
    const ask = heard((_sequence, turn) => answer(turn));
    const first = ask();
    const second = ask();
    expect(second).not.toBe(first);
    expect(second).not.toEqual(first);
  });

  test('in long datagrams is the same object too, another one when a byte is another, and read whole', () => {
    const long = (last: number) => Buffer.concat(Array.from({ length: 1_000 }, (_, n) => link(1, n < 999 ? n : last)));
    const ask = heard((_sequence, turn) => [long(turn < 2 ? 999 : 9_999), done(1)]);
    const [first, second, third] = [ask(), ask(), ask()];
    expect(second).toBe(first);
    expect(third).not.toBe(first);
    const indexes = (messages = first) => Array.from(messages ?? [], ({ header }) => header.u32(4));
    expect(indexes()).toEqual([...Array(1_000).keys()]);
    expect(indexes(third)).toEqual([...Array(999).keys(), 9_999]);
  });

  test('is another one in another namespace, and to another request', () => {
    const ask = heard((sequence) => [link(sequence, 1), done(sequence)]);
    const first = ask();
    expect(ask(DUMP, 'cv-acme')).not.toBe(first);
    expect(ask({ ...DUMP, type: 22 })).not.toBe(first);
    expect(ask({ ...DUMP, header: Buffer.alloc(16, 1) })).not.toBe(first);
    expect(ask({ ...DUMP, attributes: [[1, Buffer.from([1])]] })).not.toBe(first);
    expect(ask()).toBe(first);
  });

  test('counts as one although what another request left behind stands between', () => {
    const ask = heard((sequence, turn) => [
      ...(turn === 1 ? [link(sequence + 77, 9)] : []),
      link(sequence, 1),
      done(sequence),
    ]);
    expect([...(ask() ?? [])]).toHaveLength(1);
    expect([...(ask() ?? [])]).toHaveLength(1);
  });
});

describe('requests', () => {
  test('carry header and attributes, each padded to four bytes', () => {
    const { indexes, asked } = against(({ sequence }) => [done(sequence)]);
    indexes({ type: 18, dump: true, header: Buffer.from([1, 2, 3, 4, 5]), attributes: [[3, Buffer.from('lo\0')]] });
    const attribute = Buffer.from([0, 0, 0, 0, ...Buffer.from('lo\0'), 0]);
    host.writeU16(attribute, 7, 0);
    host.writeU16(attribute, 3, 2);
    expect(asked[0]?.body).toEqual(Buffer.concat([Buffer.from([1, 2, 3, 4, 5, 0, 0, 0]), attribute]));
  });

  test('one socket for all of one conversation, closed afterwards', () => {
    const { indexes, opened, open, asked } = against(({ sequence }) => [link(sequence, 1), done(sequence)]);
    indexes(DUMP, DUMP, DUMP);
    expect(opened).toEqual([{ protocol: 0, groups: [], strict: true }]);
    expect(open.size).toBe(0);
    expect(new Set(asked.map(({ sequence }) => sequence)).size).toBe(3);
  });

  test('netfilter is protocol 12, and knows no strict dumps', () => {
    const { syscalls, opened } = scriptedKernel({ answer: ({ sequence }) => [done(sequence)] });
    createNetlink({ syscalls, namespaces: here }).ask('', 'netfilter', [DUMP]);
    expect(opened).toEqual([{ protocol: 12, groups: [], strict: false }]);
  });

  test('the socket is opened inside the namespace, and used from outside', () => {
    let inside: string | undefined;
    const where: (string | undefined)[] = [];
    const namespaces: Namespaces = {
      ...here,
      within: (netns, call) => {
        inside = netns;
        try {
          return call();
        } finally {
          inside = undefined;
        }
      },
    };
    const { syscalls } = scriptedKernel({
      answer: ({ sequence }) => {
        where.push(inside);
        return [done(sequence)];
      },
    });
    const netlinkSocket: typeof syscalls.netlinkSocket = (options) => {
      where.push(inside);
      return syscalls.netlinkSocket(options);
    };
    createNetlink({ syscalls: { ...syscalls, netlinkSocket }, namespaces }).ask('cv-acme', 'route', [DUMP]);
    expect(where).toEqual(['cv-acme', undefined]);
  });

  test('one that is too long is a mistake of the caller, and nothing is sent', () => {
    const { indexes, asked, open } = against(({ sequence }) => [done(sequence)]);
    const long = Buffer.alloc(40_000);
    expect(() => indexes({ ...DUMP, attributes: [[1, long], [2, long]] })).toThrow(RangeError); // prettier-ignore
    expect(asked).toEqual([]);
    expect(open.size).toBe(0);
  });
});

describe('a dump that was changed under the reader', () => {
  test.each([
    ['a message', (sequence: number) => [link(sequence, 9, INTERRUPTED), done(sequence)]],
    ['its end', (sequence: number) => [link(sequence, 9), done(sequence, INTERRUPTED)]],
  ])('is repeated, when %s says so', (_, interrupted) => {
    let times = 0;
    const { indexes, asked } = against(({ sequence }) =>
      ++times < 5 ? interrupted(sequence) : [link(sequence, 1), done(sequence)],
    );
    expect(indexes(DUMP)).toEqual([[ETH1]]);
    expect(new Set(asked.map(({ sequence }) => sequence)).size).toBe(5);
  });

  test('is refused when that does not end', () => {
    const { indexes, asked, open } = against(({ sequence }) => [link(sequence, 1, INTERRUPTED), done(sequence)]);
    expect(() => indexes(DUMP)).toThrow('netlink: dump 18 was changed under the reader 5 times');
    expect(asked).toHaveLength(5);
    expect(open.size).toBe(0);
  });
});

describe('what is no answer', () => {
  const cutShort = 'netlink: the answer to request 18 is cut short';
  const longer = (bytes: Buffer, by: number): Buffer => {
    host.writeU32(bytes, host.u32(bytes, 0) + by, 0);
    return bytes;
  };

  test.each<[string, Script['answer'], string, KernelError['reason']]>([
    ['a datagram of nothing', () => [Buffer.alloc(0)], cutShort, 'unreadable'],
    ['less than a header', ({ sequence }) => [link(sequence, 1).subarray(0, 15)], cutShort, 'unreadable'],
    ['a message cut off', ({ sequence }) => [link(sequence, 1).subarray(0, 40)], cutShort, 'unreadable'],
    ['a length past the end', ({ sequence }) => [longer(done(sequence), 4)], cutShort, 'unreadable'],
    ['a length within its header', ({ sequence }) => [longer(done(sequence), -8)], cutShort, 'unreadable'],
    ['a length of nothing', ({ sequence }) => [longer(done(sequence), -20)], cutShort, 'unreadable'],
    [
      'a message without the protocol’s header',
      ({ sequence }) => [message(sequence, NEWLINK, u32(0)), done(sequence)],
      cutShort,
      'unreadable',
    ],
    ['an error without its number', ({ sequence }) => [message(sequence, NLMSG_ERROR)], cutShort, 'unreadable'],
    ['an end without its number', ({ sequence }) => [message(sequence, NLMSG_DONE)], cutShort, 'unreadable'],
    [
      'an attribute past its message',
      ({ sequence }) => [
        message(sequence, NEWLINK, Buffer.concat([Buffer.alloc(16), Buffer.alloc(8, 0xff)])),
        done(sequence),
      ],
      'netlink: an attribute runs past its message',
      'unreadable',
    ],
    ['a dump without its end', ({ sequence }) => [link(sequence, 1)], 'netlink: request 18: EAGAIN', 'unreadable'],
    ['silence', () => [], 'netlink: request 18: EAGAIN', 'unreadable'],
    ['lost messages', ({ sequence }) => [link(sequence, 1), ENOBUFS], 'netlink: request 18: ENOBUFS', 'unreadable'],
    ['EINVAL', ({ sequence }) => [refusal(sequence, EINVAL)], 'netlink: request 18: EINVAL', 'unreadable'],
    [
      'a dump that failed half-way',
      ({ sequence }) => [link(sequence, 1), message(sequence, NLMSG_DONE, u32(ENOMEM))],
      'netlink: request 18: ENOMEM',
      'unreadable',
    ],
    ['EPERM', ({ sequence }) => [refusal(sequence, EPERM)], 'EPERM; run as root', 'not-permitted'],
    ['EACCES', ({ sequence }) => [refusal(sequence, EACCES)], 'EACCES; run as root', 'not-permitted'],
    ['a dump of nothing that is there', ({ sequence }) => [refusal(sequence, ENOENT)], 'ENOENT', 'unreadable'],
  ])('%s', (_, answer, text, reason) => {
    const { indexes, open } = against(answer);
    const call = () => indexes(DUMP);
    expect(reasonOf(call)).toBe(reason);
    expect(call).toThrow(text);
    expect(open.size).toBe(0);
  });

  test.each([ENOENT, ENODEV])('an object that is not there is absent: %d', (code) => {
    const { indexes } = against(({ sequence }) => [refusal(sequence, code)]);
    expect(reasonOf(() => indexes(ONE))).toBe('absent');
  });

  test('a request that cannot be sent', () => {
    const { indexes, open } = against({ answer: () => [], send: ENOBUFS });
    expect(() => indexes(ONE)).toThrow('netlink: request 18: ENOBUFS');
    expect(open.size).toBe(0);
  });

  test.each<[string, KernelError['reason']]>([
    ['EPERM', 'not-permitted'],
    ['EMFILE', 'unreadable'],
    ['EPROTONOSUPPORT', 'unreadable'],
  ])('a socket that is refused: %s', (socket, reason) => {
    const { indexes } = against({ answer: () => [], socket });
    expect(reasonOf(() => indexes(ONE))).toBe(reason);
  });
});

const obstacle = await whyNoAnchor();
if (obstacle !== undefined) console.warn(`kernel tests skipped: ${obstacle}`);

(obstacle === undefined ? describe : describe.skip)('in a real kernel', () => {
  const LINKS: NetlinkRequest = { type: 18, dump: true, header: Buffer.alloc(16) };
  const IFLA_IFNAME = 3;
  const MANY = 2_000;

  let anchor: Anchor;
  let netlink: Netlink;
  beforeAll(async () => {
    anchor = await openAnchor();
    ({ netlink } = anchor);
    await ip('netns add cv-acme\nlink add name cv-acme type veth peer name edge0 netns cv-acme\n');
  });
  afterAll(() => anchor?.close());

  async function ip(batch: string, ...options: readonly string[]): Promise<void> {
    const { code, stderr } = await anchor.exec.run(['ip', ...options, '-batch', '-'], { input: batch });
    if (code !== 0) throw new Error(stderr);
  }

  const named = (name: string): NetlinkRequest => ({
    ...LINKS,
    dump: false,
    attributes: [[IFLA_IFNAME, Buffer.from(`${name}\0`)]],
  });
  const namesIn = (netns: string): readonly (string | undefined)[] =>
    netlink
      .ask(netns, 'route', [LINKS])
      .flatMap((links) => Array.from(links, ({ attributes }) => attributes.text(IFLA_IFNAME)));

  test('the links of each namespace', () => {
    expect(namesIn('cv-acme')).toEqual(expect.arrayContaining(['lo', 'edge0']));
    expect(namesIn('')).toEqual(expect.arrayContaining(['lo', 'cv-acme']));
    expect(namesIn('')).not.toContain('edge0');
  });

  test('one link by its name, and one that is not there', () => {
    const [[lo] = []] = netlink.ask('', 'route', [named('lo')]);
    expect([lo?.type, lo?.header.u32(4), lo?.attributes.text(IFLA_IFNAME)]).toEqual([NEWLINK, 1, 'lo']);
    expect(reasonOf(() => netlink.ask('', 'route', [named('gre-none')]))).toBe('absent');
  });

  test('a namespace that is not there is absent, and a plain file unreadable', async () => {
    expect(reasonOf(() => namesIn('cv-none'))).toBe('absent');
    await anchor.exec.run(['touch', '/run/netns/cv-file']);
    expect(() => namesIn('cv-file')).toThrow('is a file and no namespace; remove it');
    await anchor.exec.run(['rm', '/run/netns/cv-file']);
  });

  test('no descriptor stays open', () => {
    const before = readdirSync('/proc/self/fd').length;
    for (let times = 0; times < 50; times++) namesIn('cv-acme');
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  test('a dump of 2,000 routes spans datagrams, and is whole', async () => {
    const addresses = Array.from({ length: MANY }, (_, n) => `198.18.${n >> 8}.${n & 255}`);
    await ip(addresses.map((address) => `route add unreachable ${address}/32 proto 77\n`).join(''), '-n', 'cv-acme');
    const header = Buffer.alloc(12);
    header.writeUInt8(2, 0);
    header.writeUInt8(77, 5);
    const [routes = []] = netlink.ask('cv-acme', 'route', [{ type: 26, dump: true, header }]);
    const read = Array.from(routes, ({ attributes }) => [...(attributes.bytes(1) ?? [])].join('.'));
    expect(read.sort()).toEqual(addresses.sort());
  });

  test('a dump of 2,000 counters while others change rulesets is whole, or refused', async () => {
    const counters = Array.from({ length: MANY }, (_, n) => `counter c${n} { }\n`).join('');
    await anchor.exec.run(['nft', '-f', '-'], { input: `table inet many {\n${counters}}\n` });
    let over = false;
    const churn = anchor.exec
      .run(['sh', '-c', 'for n in $(seq 100); do nft "add table inet other; delete table inet other"; done'], {
        timeoutMs: 60_000,
      })
      .finally(() => (over = true));
    const request: NetlinkRequest = { type: (10 << 8) | 19, dump: true, header: Buffer.from([1, 0, 0, 0]) };
    let whole = 0;
    while (!over) {
      try {
        const [objects = []] = netlink.ask('', 'netfilter', [request]);
        expect(new Set(Array.from(objects, ({ attributes }) => attributes.text(2))).size).toBe(MANY);
        whole++;
      } catch (error) {
        expect(error).toMatchObject({ name: 'KernelError', reason: 'unreadable' });
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await churn).toMatchObject({ code: 0 });
    expect(whole).toBeGreaterThan(0);
  }, 70_000);
});
