/** What of the kernel's tables is ours, and how operations become batches. */
import { createIproute } from '../../../src/drivers/iproute/iproute.js';
import { createRouteDriver } from '../../../src/drivers/route/route.js';
import { address, prefix } from '../../../src/model/address.js';
import { routesIn } from '../../../src/model/routes-alike.js';
import { ExecError, type Exec, type ExecResult } from '../../../src/ports/exec.js';
import type { Forwarding, Nexthop, Route, Rtnetlink, Rule } from '../../../src/ports/rtnetlink.js';
import { acmeFleet } from '../../acme.js';

type Answer = (argv: readonly string[], input: string) => ExecResult;

const OK: Answer = () => ({ code: 0, stdout: '', stderr: '' });

const NOTHING = { routes: [], nexthops: [] };

function driverOn(
  tables: { rules?: readonly Rule[]; forwarding?: Record<string, Forwarding> } = {},
  answer: Answer = OK,
) {
  const exec: Exec = {
    run: async (argv, options) => answer(argv, options?.input ?? ''),
    stream: () => {
      throw new Error('not expected');
    },
  };
  const unexpected = (): never => {
    throw new Error('not expected');
  };
  const rtnetlink: Rtnetlink = {
    rules: async () => tables.rules ?? [],
    forwarding: async (namespaces) =>
      new Map(
        namespaces.flatMap((netns) => Object.entries(tables.forwarding ?? {}).filter(([name]) => name === netns)),
      ),
    interfaces: unexpected,
    idsOf: unexpected,
  };
  return createRouteDriver(createIproute(exec), rtnetlink, acmeFleet.kernel);
}

const route = (more: Partial<Route> & { to: string }): Route => {
  const { to, ...rest } = more;
  return { family: to.includes(':') ? 6 : 4, table: 7700, destination: prefix(to), type: 1, metric: 20077, ...rest };
};

const PLAIN = { kind: 'threshold' } as const;
const RESILIENT = { kind: 'resilient', buckets: 128, idleTimer: 10, unbalancedTimer: 300 } as const;

test('reads ours and leaves the rest', async () => {
  const ours = {
    family: 4,
    protocol: 77,
    iif: 'eth1',
    mark: 0x77000000,
    mask: 0xff000000,
    table: 7700,
    preference: 7700,
  } as const;
  const driver = driverOn({
    rules: [
      ours,
      { family: 4, protocol: 4, iif: 'eth1', mark: 1, mask: 0xffffffff, table: 100, preference: 100 },
      { family: 6, protocol: 77, mask: 0xffffffff, table: 254, preference: 32766 },
    ],
    forwarding: {
      '': {
        routes: [
          route({ to: '0.0.0.0/0', type: 7 }),
          route({ to: '::/0', type: 7, device: 'lo' }),
          route({ to: '198.51.100.9/32', device: 'eth1', metric: 5 }),
          route({ to: '198.51.100.1/32', table: 254, device: 'cv-acme', via: address('fe80::2') }),
          route({ to: '198.51.100.2/32', table: 254 }),
        ],
        nexthops: [{ id: 9, family: 4, protocol: 77, device: 'eth1' }],
      },
      'cv-acme': {
        routes: [route({ to: '203.0.113.0/24', table: 254, nexthop: 6, device: 'gre-us' })],
        nexthops: [
          { id: 5, family: 4, protocol: 77, device: 'gre-us' },
          { id: 7, family: 6, protocol: 77, device: 'gre-us' },
          {
            id: 6,
            protocol: 77,
            group: [
              { id: 7, weight: 1 },
              { id: 5, weight: 2 },
            ],
            hashing: RESILIENT,
          },
          { id: 8, family: 4, protocol: 4, device: 'gre-us' },
          { id: 4, family: 4, protocol: 77, device: 'gre-us', via: address('10.255.0.1') },
        ],
      },
    },
  });
  const { rules, routes, nexthops } = await driver.observe(['cv-acme', 'cv-gone'], NOTHING);
  expect(rules).toEqual([
    { family: 4, iif: 'eth1', mark: 0x77000000, mask: 0xff000000, table: 7700, preference: 7700 },
  ]);
  expect(routesIn(routes).map(({ netns, table, destination, target }) => [netns, table, destination, target])).toEqual([
    ['', 254, '198.51.100.1/32', { kind: 'via', device: 'cv-acme', via: 'fe80::2' }],
    ['', 254, '198.51.100.2/32', { kind: 'via', device: '' }],
    ['', 7700, '0.0.0.0/0', { kind: 'unreachable' }],
    ['', 7700, '::/0', { kind: 'unreachable' }],
    ['cv-acme', 254, '203.0.113.0/24', { kind: 'nexthop', id: 6 }],
  ]);
  expect(nexthops.map(({ id, family, target }) => [id, family, target])).toEqual([
    [4, 4, { kind: 'device', device: '' }],
    [5, 4, { kind: 'device', device: 'gre-us' }],
    [
      6,
      4,
      {
        kind: 'group',
        members: [
          { id: 5, weight: 2 },
          { id: 7, weight: 1 },
        ],
        hashing: RESILIENT,
      },
    ],
    [7, 6, { kind: 'device', device: 'gre-us' }],
  ]);
});

const GONE = { kind: 'nexthop-delete', netns: 'cv-a', id: 9 } as const;

test('what is gone already is passed over; what failed otherwise is named', async () => {
  const answer: Answer = () => ({
    code: 1,
    stdout: '',
    stderr: 'RTNETLINK answers: No such file\nCommand failed -:1\n',
  });
  await driverOn({ forwarding: { 'cv-a': { routes: [], nexthops: [] } } }, answer).apply([GONE]);
  const nexthops = [{ id: 9, family: 4, protocol: 77, device: 'gre-us' }] as const;
  await expect(driverOn({ forwarding: { 'cv-a': { routes: [], nexthops } } }, answer).apply([GONE])).rejects.toThrow(
    'ip nexthop delete id 9 in cv-a: RTNETLINK answers: No such file',
  );
});

test.each<[string, Answer, string]>([
  [
    'no ip',
    () => {
      throw new ExecError(['ip'], 'not-found', 'ip: no such program');
    },
    'tool-missing',
  ],
  [
    'no end',
    () => {
      throw new ExecError(['ip'], 'timeout', 'ip: no end');
    },
    'timeout',
  ],
  ['no permission', () => ({ code: 2, stdout: '', stderr: 'Operation not permitted\n' }), 'not-permitted'],
  ['no such namespace', () => ({ code: 1, stdout: '', stderr: 'Cannot open network namespace "cv-a"\n' }), 'failed'],
])('%s is told apart', async (_, answer, reason) => {
  await expect(driverOn({}, answer).apply([GONE])).rejects.toMatchObject({ name: 'KernelError', reason });
});

test('operations of one place are one batch; the first failure stops and is named', async () => {
  const batches: string[] = [];
  const driver = driverOn({}, (argv, input) => {
    batches.push(`${argv.slice(1).join(' ')}\n${input}`);
    return input.includes('id 9 ')
      ? { code: 1, stdout: '', stderr: 'Error: Device does not exist.\nCommand failed -:2\n' }
      : { code: 0, stdout: '', stderr: '' };
  });
  const device = (id: number, family: 4 | 6) =>
    ({
      kind: 'nexthop-replace',
      nexthop: { netns: 'cv-a', id, family, target: { kind: 'device', device: 'gre-us' } },
    }) as const;
  const group = {
    kind: 'nexthop-replace',
    nexthop: {
      netns: 'cv-a',
      id: 3,
      family: 4,
      target: { kind: 'group', members: [{ id: 2, weight: 256 }], hashing: PLAIN },
    },
  } as const;
  await driver.apply([device(1, 6), device(2, 4), group]);
  expect(batches).toEqual([
    '-netns cv-a -6 -batch -\nnexthop replace id 1 dev gre-us proto 77\n',
    '-netns cv-a -batch -\nnexthop replace id 2 dev gre-us proto 77\nnexthop replace id 3 group 2,256 proto 77\n',
  ]);
  await expect(driver.apply([device(8, 4), device(9, 4), group])).rejects.toThrow(
    'ip nexthop replace id 9 dev gre-us proto 77 in cv-a: Error: Device does not exist.',
  );
});

test('a resilient group is told with its numbers', async () => {
  let said = '';
  const driver = driverOn({}, (_, input) => {
    said = input;
    return { code: 0, stdout: '', stderr: '' };
  });
  const members = [
    { id: 1, weight: 2 },
    { id: 2, weight: 1 },
  ];
  const target = { kind: 'group', members, hashing: { ...RESILIENT, idleTimer: 25 } } as const;
  await driver.apply([{ kind: 'nexthop-replace', nexthop: { netns: 'cv-a', id: 3, family: 4, target } }]);
  expect(said).toBe(
    'nexthop replace id 3 group 1,2/2,1 type resilient buckets 128 idle_timer 25 unbalanced_timer 300 proto 77\n',
  );
});

describe('what stands there', () => {
  const ours = { id: 1, family: 4, protocol: 77, device: 'gre-a' } as const;
  const group = (...ids: number[]) =>
    ({
      kind: 'nexthop-replace',
      nexthop: {
        ...({ netns: 'cv-a', id: 9, family: 4 } as const),
        target: { kind: 'group', members: ids.map((id) => ({ id, weight: 1 })), hashing: PLAIN },
      },
    }) as const;
  const second = {
    kind: 'nexthop-replace',
    nexthop: { netns: 'cv-a', id: 2, family: 4, target: { kind: 'device', device: 'gre-b' } },
  } as const;

  test.each<[string, Parameters<ReturnType<typeof driverOn>['apply']>[0], Nexthop[], string]>([
    ['members that are there', [group(1, 2)], [ours, { ...ours, id: 2 }], 'group 1,1/2,1'],
    ['one that is missing is left out', [group(1, 2)], [ours], 'group 1,1'],
    ['one that comes before is not', [second, group(1, 2)], [ours], 'group 1,1/2,1'],
    ['nor is one left in that is somebody else’s', [group(1, 2)], [ours, { ...ours, id: 2, protocol: 4 }], 'group 1,1'],
    ['a group of none is for the kernel to refuse', [group(1, 2)], [], 'group 1,1/2,1'],
  ])('%s', async (_, ops, nexthops, words) => {
    let said = '';
    const driver = driverOn({ forwarding: { 'cv-a': { routes: [], nexthops } } }, (_argv, input) => {
      said = input;
      return { code: 0, stdout: '', stderr: '' };
    });
    await driver.apply(ops);
    expect(/group \S+/.exec(said)?.[0]).toBe(words);
  });

  test('a number of ours that somebody else has taken is refused', async () => {
    const nexthops = [{ ...ours, id: 9, protocol: 4 }];
    const driver = driverOn({ forwarding: { 'cv-a': { routes: [], nexthops } } });
    await expect(driver.apply([group(1)])).rejects.toThrow("nexthop 9 in cv-a is somebody else's; delete it");
  });
});
