import { readlinkSync } from 'node:fs';
import { createNamespaces } from '../../../src/drivers/namespaces/namespaces.js';
import type { KernelError } from '../../../src/ports/kernel.js';
import { SyscallError, type Syscalls } from '../../../src/ports/syscall.js';
import { openAnchor, whyNoAnchor, type Anchor } from '../../kernel-anchor.js';
import { reasonOf } from '../../reason-of.js';

/** Only `withinNetns` is called. */
const entering = (withinNetns: Syscalls['withinNetns']): Syscalls => ({ withinNetns }) as unknown as Syscalls;
const refusing = (errno: string): Syscalls =>
  entering((path) => {
    throw new SyscallError('open', errno, `open ${path}: ${errno}`);
  });

describe('names', () => {
  test('none where no namespace was ever made', () => {
    expect(createNamespaces({ syscalls: refusing(''), folder: '/nowhere/netns' }).names()).toEqual([]);
  });

  test('a folder that cannot be read is unknown and not empty', () => {
    const { names } = createNamespaces({ syscalls: refusing(''), folder: '/proc/self/exe' });
    expect(reasonOf(names)).toBe('unreadable');
  });
});

describe('entering', () => {
  test.each<[string, KernelError['reason'], string]>([
    ['ENOENT', 'absent', 'open /run/netns/cv-acme: ENOENT'],
    ['EPERM', 'not-permitted', 'open /run/netns/cv-acme: EPERM'],
    ['EACCES', 'not-permitted', 'open /run/netns/cv-acme: EACCES'],
    ['EINVAL', 'unreadable', '/run/netns/cv-acme is a file and no namespace; remove it'],
    ['EMFILE', 'unreadable', 'open /run/netns/cv-acme: EMFILE'],
  ])('%s is %s', (errno, reason, message) => {
    let called = 0;
    const { within } = createNamespaces({ syscalls: refusing(errno) });
    const enter = () => within('cv-acme', () => called++);
    expect(reasonOf(enter)).toBe(reason);
    expect(enter).toThrow(message);
    expect(called).toBe(0);
  });

  test('what the call itself throws comes out as it is', () => {
    const own = new SyscallError('socket', 'ENOENT', 'socket: ENOENT');
    const { within } = createNamespaces({ syscalls: entering((_, call) => call()) });
    const enter = () =>
      within('cv-acme', () => {
        throw own;
      });
    expect(enter).toThrow(own);
  });

  test('the default one is where this process is, unless it is named', () => {
    const paths: string[] = [];
    const syscalls = entering((path, call) => {
      paths.push(path);
      return call();
    });
    expect(createNamespaces({ syscalls }).within('', () => 7)).toBe(7);
    expect(paths).toEqual([]);
    expect(createNamespaces({ syscalls, own: '/proc/1/ns/net' }).within('', () => 8)).toBe(8);
    expect(paths).toEqual(['/proc/1/ns/net']);
  });
});

const obstacle = await whyNoAnchor();
if (obstacle !== undefined) console.warn(`kernel tests skipped: ${obstacle}`);

(obstacle === undefined ? describe : describe.skip)('in a real kernel', () => {
  const where = (): string => readlinkSync('/proc/thread-self/ns/net');
  let anchor: Anchor;
  beforeAll(async () => {
    anchor = await openAnchor();
  });
  afterAll(() => anchor?.close());

  const ip = (...args: readonly string[]) => anchor.exec.run(['ip', ...args]);

  test('names are sorted; what is deleted is absent', async () => {
    for (const name of ['cv-globex', 'cv-acme']) await ip('netns', 'add', name);
    expect(anchor.namespaces.names()).toEqual(['cv-acme', 'cv-globex']);
    await ip('netns', 'delete', 'cv-globex');
    expect(anchor.namespaces.names()).toEqual(['cv-acme']);
    expect(reasonOf(() => anchor.namespaces.within('cv-globex', where))).toBe('absent');
  });

  test('each is another one, and the way back leads home', async () => {
    await ip('netns', 'add', 'cv-acme');
    const home = where();
    const there = anchor.namespaces.within('cv-acme', where);
    expect(new Set([home, there, anchor.namespaces.within('', where)]).size).toBe(3);
    expect(where()).toBe(home);
  });

  test('a plain file in the folder is no namespace', async () => {
    await anchor.exec.run(['touch', '/run/netns/cv-file']);
    expect(() => anchor.namespaces.within('cv-file', where)).toThrow('is a file and no namespace; remove it');
  });
});
