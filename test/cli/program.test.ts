import type { Commands } from '../../src/cli/commands.js';
import { runCli } from '../../src/cli/program.js';
import type { KernelOp } from '../../src/model/kernel.js';

const unused = (): never => {
  throw new Error('not expected to be called');
};

function cli(argv: string, overrides: Partial<Commands>) {
  const lines: string[] = [];
  const notes: string[] = [];
  const commands = new Proxy({ version: () => '1.2.3', ...overrides } as Commands, {
    get: (target, name: keyof Commands) => target[name] ?? unused,
  });
  const exit = runCli(argv.split(' ').filter(Boolean), commands, {
    line: (text) => lines.push(text),
    note: (text) => notes.push(text),
  });
  return exit.then((code) => ({ code, out: lines.join('\n'), err: notes.join('\n') }));
}

const op: KernelOp = { kind: 'namespace-add', namespace: { name: 'cv-acme', customer: 'acme' } };

test.each<[string, readonly KernelOp[], number, string]>([
  ['no changes', [], 0, 'nothing to do'],
  ['changes', [op], 2, 'add namespace cv-acme'],
])('plan with %s exits %#', async (_name, ops, code, out) => {
  const result = await cli('plan --fleet f.yaml --server ams-s1', { plan: () => Promise.resolve(ops) });
  expect(result).toMatchObject({ code, out, err: '' });
});

test('--version names the program and its version', async () => {
  expect(await cli('--version', {})).toEqual({ code: 0, out: 'culvert 1.2.3', err: '' });
});

test('plan -o json prints the operations', async () => {
  const { out, code } = await cli('plan --fleet f.yaml --server ams-s1 -o json', { plan: () => Promise.resolve([op]) });
  expect([JSON.parse(out), code]).toEqual([[op], 2]);
});

test('options reach the command with their defaults', async () => {
  let seen: unknown;
  await cli('agent --fleet f.yaml --server ams-s1 --drain-on-exit', {
    agent: (options) => {
      seen = options;
      return Promise.resolve();
    },
  });
  expect(seen).toEqual({
    fleet: 'f.yaml',
    server: 'ams-s1',
    runDir: '/run/culvert',
    stateDir: '/var/lib/culvert',
    tunnels: 'auto',
    lab: false,
    drainOnExit: true,
  });
});

test('the guard finds gobgpd in its run directory unless told otherwise', async () => {
  const seen: string[] = [];
  const guard: Commands['guard'] = ({ gobgp }) => {
    seen.push(gobgp);
    return Promise.resolve();
  };
  await cli('guard --fleet f --server s --run-dir /tmp/x', { guard });
  await cli('guard --fleet f --server s --gobgp 127.0.0.1:50051', { guard });
  expect(seen).toEqual(['unix:/tmp/x/gobgpd.sock', '127.0.0.1:50051']);
});

test.each([
  ['agent --fleet f.yaml', "required option '--server <name>'"],
  ['nonsense', "unknown command 'nonsense'"],
  ['plan --fleet f --server s --tunnels magic', 'Allowed choices are auto, kernel, tun'],
  ['explain', "missing required argument 'prefix'"],
  ['render router ams', "required option '--vendor <vendor>'"],
  ['render router ams --vendor junos', 'Allowed choices are frr, bird'],
])('%s: one clear message, exit 1', async (argv, message) => {
  const { code, err, out } = await cli(argv, {});
  expect(code).toBe(1);
  expect(err).toContain(message);
  expect(out).toBe('');
});

test('an error is one line without a stack', async () => {
  const { code, err } = await cli('undrain', {
    undrainHere: () => Promise.reject(new Error('no guard listens on /run/culvert/guard.sock')),
  });
  expect([code, err]).toEqual([1, 'culvert: no guard listens on /run/culvert/guard.sock']);
});

test('exec passes its command on, options included, and its exit code back', async () => {
  let seen: unknown;
  const { code } = await cli('lab exec ams-s1 -- ls -l --color', {
    labExec: (_options, node, argv) => {
      seen = [node, argv];
      return Promise.resolve(7);
    },
  });
  expect([seen, code]).toEqual([['ams-s1', ['ls', '-l', '--color']], 7]);
});

test('render router prints the text as it is, secrets only when they are asked for', async () => {
  const seen: unknown[] = [];
  const renderRouter: Commands['renderRouter'] = (options) => {
    seen.push(options);
    return Promise.resolve('router bgp 64500\n exit\n');
  };
  const { out, code } = await cli('render router ams --vendor frr', { renderRouter });
  expect([out, code]).toEqual(['router bgp 64500\n exit', 0]);
  await cli('render router ams --vendor bird --fleet f --router r2 --show-secrets', { renderRouter });
  expect(seen).toEqual([
    { site: 'ams', vendor: 'frr', fleet: '/etc/culvert/fleet.yaml', showSecrets: false },
    { site: 'ams', vendor: 'bird', fleet: 'f', router: 'r2', showSecrets: true },
  ]);
});

test('verify fails when a step fails', async () => {
  expect((await cli('lab verify a b', { labVerify: () => Promise.resolve(false) })).code).toBe(1);
});

test('help teaches: what runs, where to look, what the exit codes mean', async () => {
  const { out, code } = await cli('--help', {});
  expect(code).toBe(0);
  for (const word of ['culvert guard', 'culvert explain PREFIX', 'Exit codes', 'lab verify'])
    expect(out).toContain(word);
});

test('withdraw and advertise carry who, why and for how long', async () => {
  const seen: unknown[] = [];
  const intend: Commands['intend'] = (options, prefix) => {
    seen.push([options, prefix]);
    return Promise.resolve({
      prefix: prefix as never,
      want: options.want,
      author: 'ann',
      reason: options.reason,
      at: '2026-01-01T00:00:00Z',
      ...(options.for === undefined ? {} : { until: '2026-01-01T02:00:00Z' }),
    });
  };
  const { out } = await cli('withdraw 203.0.113.0/24 --reason moved --for 2h', { intend });
  expect(out).toBe('withdraw 203.0.113.0/24: ann, 2026-01-01T00:00:00Z, until 2026-01-01T02:00:00Z: moved');
  expect((await cli('advertise 203.0.113.0/24 --reason back', { intend })).out).toMatch(/until the next word: back$/);
  expect(seen).toEqual([
    [{ want: 'withdraw', reason: 'moved', for: '2h', runDir: '/run/culvert' }, '203.0.113.0/24'],
    [{ want: 'advertise', reason: 'back', runDir: '/run/culvert' }, '203.0.113.0/24'],
  ]);
});

test.each(['withdraw', 'withdraw 203.0.113.0/24', 'advertise --reason x'])(
  '%s names too little and is refused',
  async (argv) => {
    expect((await cli(argv, {})).code).toBe(1);
  },
);

test('reload says what is in force, and permits a share by name', async () => {
  const seen: unknown[] = [];
  const reload: Commands['reload'] = (options) => {
    seen.push(options.allowWithdraw);
    return Promise.resolve('abc');
  };
  expect((await cli('reload', { reload })).out).toBe('fleet abc is in force');
  await cli('reload --allow-withdraw 60%', { reload });
  expect(seen).toEqual([undefined, '60%']);
});

test('events passes the question on, and prints text or JSON', async () => {
  const seen: unknown[] = [];
  const report = { events: [], incidents: [], unread: 0 };
  const events: Commands['events'] = ({ prefix, since, stateDir }) => {
    seen.push([prefix, since, stateDir]);
    return Promise.resolve(report);
  };
  expect((await cli('events --prefix 203.0.113.7 --since 2h', { events })).out).toBe('\nno incidents');
  const { out } = await cli('events -o json --state-dir /s', { events });
  expect(JSON.parse(out)).toEqual(report);
  expect(seen).toEqual([
    ['203.0.113.7', '2h', '/var/lib/culvert'],
    [undefined, undefined, '/s'],
  ]);
});
