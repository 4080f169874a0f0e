/** What ip(8) prints, as route and nexthop states; and what must not be taken for an empty table. */
import { createIproute } from '../../../src/drivers/iproute/iproute.js';
import { createRouteDriver } from '../../../src/drivers/route/route.js';
import { ExecError, type Exec, type ExecResult } from '../../../src/ports/exec.js';
import { acmeFleet } from '../../acme.js';

type Answer = (argv: readonly string[], input: string) => ExecResult;

function driverOn(answer: Answer) {
  const exec: Exec = {
    run: (argv, options) => Promise.resolve(answer(argv, options?.input ?? '')),
    stream: () => {
      throw new Error('not expected');
    },
  };
  return createRouteDriver(createIproute(exec), acmeFleet.kernel);
}

const printed = (...lists: readonly object[]): ExecResult => ({
  code: 0,
  stdout: lists.map((list) => `${JSON.stringify(list)}\n`).join(''),
  stderr: '',
});

const NOTHING: Answer = (_, input) =>
  printed(
    ...input
      .trim()
      .split('\n')
      .map(() => []),
  );

test('reads ours and leaves the rest', async () => {
  const driver = driverOn((argv) => {
    if (argv.includes('-6')) return printed([]);
    if (argv.includes('cv-acme')) {
      return printed(
        [{ type: '1', dst: '203.0.113.0/24', nhid: 6, metric: 20077, table: '254', flags: [] }],
        [
          { id: 5, dev: 'gre-us', scope: '254', protocol: '77', flags: [] },
          { id: 7, dev: 'gre-us', scope: '253', protocol: '77', flags: [] },
          { id: 6, group: [{ id: 5, weight: 2 }], scope: '0', protocol: '77', flags: [] },
          { id: 8, dev: 'gre-us', scope: '254', protocol: '4', flags: [] },
        ],
      );
    }
    return printed(
      [
        {
          priority: 7700,
          src: 'all',
          fwmark: '0x77000000',
          fwmask: '0xff000000',
          iif: 'eth1',
          table: '7700',
          protocol: '77',
        },
        { priority: 100, src: 'all', fwmark: '0x1', iif: 'eth1', table: '100' },
      ],
      [
        { type: '7', dst: 'default', table: '7700', metric: 20077, flags: [] },
        { type: '7', dst: 'default', dev: 'lo', table: '7700', metric: 20077, flags: [], pref: 'medium' },
        { type: '1', dst: '198.51.100.9', dev: 'eth1', table: '7700', metric: 5, flags: [] },
        {
          type: '1',
          dst: '198.51.100.1',
          via: { family: 'inet6', host: 'fe80::2' },
          dev: 'cv-acme',
          metric: 20077,
          flags: [],
        },
      ],
    );
  });
  const { rules, routes, nexthops } = await driver.observe(['cv-acme']);
  expect(rules).toEqual([
    { family: 4, iif: 'eth1', mark: 0x77000000, mask: 0xff000000, table: 7700, preference: 7700 },
  ]);
  expect(routes).toEqual([
    {
      netns: '',
      family: 4,
      table: 254,
      destination: '198.51.100.1/32',
      target: { kind: 'via', device: 'cv-acme', via: 'fe80::2' },
    },
    { netns: '', family: 4, table: 7700, destination: '0.0.0.0/0', target: { kind: 'unreachable' } },
    { netns: '', family: 6, table: 7700, destination: '::/0', target: { kind: 'unreachable' } },
    { netns: 'cv-acme', family: 4, table: 254, destination: '203.0.113.0/24', target: { kind: 'nexthop', id: 6 } },
  ]);
  expect(nexthops.map(({ id, family, target }) => [id, family, target.kind])).toEqual([
    [5, 4, 'device'],
    [6, 4, 'group'],
    [7, 6, 'device'],
  ]);
});

test.each<[string, Answer, string]>([
  ['a list too few', () => printed([]), 'unreadable'],
  ['no output', () => ({ code: 0, stdout: '', stderr: '' }), 'unreadable'],
  [
    'cut short',
    (_, input) => ({ code: 0, stdout: `${'[{"dst":\n'.repeat(input.trim().split('\n').length)}`, stderr: '' }),
    'unreadable',
  ],
  [
    'not a list',
    (_, input) =>
      printed(
        ...input
          .trim()
          .split('\n')
          .map(() => ({})),
      ),
    'unreadable',
  ],
  ['a failed dump', () => ({ code: 1, stdout: '', stderr: 'Dump terminated\n' }), 'unreadable'],
  [
    'no permission',
    () => ({ code: 2, stdout: '', stderr: 'RTNETLINK answers: Operation not permitted\n' }),
    'not-permitted',
  ],
])('%s is unknown, not empty', async (_, answer, reason) => {
  await expect(driverOn(answer).observe([])).rejects.toMatchObject({ name: 'KernelError', reason });
});

test('an empty dump of a healthy ip is empty', async () => {
  expect(await driverOn(NOTHING).observe(['cv-acme'])).toEqual({ rules: [], routes: [], nexthops: [] });
});

test('without ip, the remedy is named', async () => {
  const driver = driverOn((argv) => {
    throw new ExecError(argv, 'not-found', 'ip: no such program');
  });
  await expect(driver.observe([])).rejects.toThrow('install iproute2');
});

test('operations of one place are one batch; the first failure stops and is named', async () => {
  const batches: string[] = [];
  const driver = driverOn((argv, input) => {
    if (argv.includes('-json')) return NOTHING(argv, input);
    batches.push(`${argv.slice(1).join(' ')}\n${input}`);
    return input.includes('id 9 ')
      ? { code: 1, stdout: '', stderr: 'Error: Device does not exist.\nCommand failed -:2\n' }
      : printed();
  });
  const device = (id: number, family: 4 | 6) =>
    ({
      kind: 'nexthop-replace',
      nexthop: { netns: 'cv-a', id, family, target: { kind: 'device', device: 'gre-us' } },
    }) as const;
  const group = {
    kind: 'nexthop-replace',
    nexthop: { netns: 'cv-a', id: 3, family: 4, target: { kind: 'group', members: [{ id: 2, weight: 256 }] } },
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
