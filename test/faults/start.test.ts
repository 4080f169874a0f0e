/** What is refused before anything is touched: bad input, missing programs, missing rights. */
import { jest } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Anchor, openAnchor, whyNoAnchor } from '../kernel-anchor.js';
import { Culvert, CLI, expectRefusal, FLEET, NOBODY, whyNoProcesses } from './culvert.js';

const missing = whyNoProcesses() ?? (await whyNoAnchor());
if (missing !== undefined) console.warn(`processes are not refused here: ${missing}`);
const here = missing === undefined ? describe : describe.skip;

const BAD = `
provider:
  asn: 64500
  endpointz: {}
sites: {}
customers:
  acme: { asn: 64512, prefixes: [{ prefix: 203.0.113.1/24 }] }
`;

/** Everything of the kernel and of the run directory that a start could have changed. */
const STATE = [
  'ip -o link',
  'ip -o address',
  'ip netns list',
  'ip rule',
  'ip -6 rule',
  'ip route show table all',
  'nft list ruleset',
  'ls -A /run /run/culvert /run/state',
  'cat /proc/self/mountinfo',
];

/** On a machine that does other things too. */
jest.setTimeout(60_000);

here('refused', () => {
  let anchor: Anchor;
  let culvert: Culvert;
  let folder: string;
  let before: string;
  const state = async (): Promise<string> =>
    (await anchor.exec.run(['sh', '-c', STATE.map((line) => `${line} 2>&1`).join('; ')])).stdout;
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  /** A command on a server of a fleet; plan keeps nothing. */
  const on = (command: string, fleet: string, server = 'ams-s1'): readonly string[] => [
    ...[command, '--fleet', fleet, '--server', server],
    ...(command === 'plan' ? [] : ['--state-dir', '/run/state']),
  ];

  beforeAll(async () => {
    anchor = await openAnchor();
    culvert = new Culvert(anchor.exec);
    folder = mkdtempSync(join(tmpdir(), 'culvert-faults-'));
    await anchor.exec.run(['chmod', '755', '/run']);
    before = await state();
  });
  afterAll(async () => {
    await anchor.close();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    expect(await state()).toBe(before);
  });

  it.each(['agent', 'guard', 'plan'])('%s: a malformed fleet, every problem with its place', async (command) => {
    const path = file('bad.yaml', BAD);
    expectRefusal(
      await culvert.run(...on(command, path)),
      'culvert: the fleet is refused:',
      `${path}:2:1: provider.endpoints is missing; write endpoints: { gre4: 198.51.100.1 }`,
      `${path}:2:1: provider.covering is missing; write a list of prefixes, such as [198.51.100.0/24]`,
      `${path}:2:1: provider.icmpSource is missing; write icmpSource: { v4: 198.51.100.2 }`,
      `${path}:4:3: "endpointz" is not a key of provider; did you mean endpoints?`,
      `${path}:5:1: there are no sites; write at least one site with a router and a server`,
      `${path}:7:34: customers.acme.prefixes[0].advertise is missing; write true or false`,
      /bad\.yaml:7:\d+: customers\.acme\.prefixes\[0\]\.prefix: "203\.0\.113\.1\/24" has bits set after its length; write the network, 203\.0\.113\.0\/24/,
    );
  });

  it.each<[string, () => readonly string[], RegExp]>([
    [
      'a fleet that is not there',
      () => on('agent', '/nowhere.yaml'),
      /^culvert: cannot read the fleet at \/nowhere\.yaml \(ENOENT\); name an existing file or folder with --fleet$/,
    ],
    [
      'a folder without a fleet',
      () => on('guard', mkdtempSync(join(folder, 'empty-'))),
      /^culvert: no \.yaml file in .*empty-.*; put the fleet there$/,
    ],
    [
      'a server that the fleet does not name',
      () => on('guard', FLEET, 'fra-s1'),
      /^culvert: no server fra-s1 in .*fleet\.yaml; it names ams-s1, ams-s2, sjc-s1, sjc-s2$/,
    ],
    [
      'tunnels in user space outside a lab',
      () => [...on('agent', FLEET), '--tunnels', 'tun'],
      /^culvert: GRE in user space is for labs only; ask for kernel tunnels$/,
    ],
    [
      'a speaker on another machine',
      () => [...on('guard', FLEET), '--gobgp', '192.0.2.9:50051'],
      /^culvert: speaker address 192\.0\.2\.9:50051 is not on this machine's loopback; use unix:/,
    ],
    [
      'a state folder that is a file',
      () => [...on('guard', FLEET), '--run-dir', '/run', '--state-dir', file('file', '')],
      /^culvert: cannot write to .*file \(EEXIST\); start as the user who may, or name another folder with --state-dir$/,
    ],
    [
      'an explanation without processes',
      () => ['explain', '203.0.113.1'],
      /^culvert: no guard listens on \/run\/culvert\/guard\.sock; is culvert guard running\?; no agent listens on /,
    ],
    ['a drain without a guard', () => ['drain'], /^culvert: no guard listens on .*; is culvert guard running\?$/],
  ])('%s', async (_, words, line) => {
    expectRefusal(await culvert.run(...words()), line);
  });

  it('a server without a name: what is missing, and where help is', async () => {
    expectRefusal(
      await culvert.run('agent', '--fleet', FLEET),
      "error: required option '--server <name>' not specified",
      '(culvert --help lists the commands; culvert COMMAND --help explains one)',
    );
  });

  it('a kernel without ip_gre', async () => {
    const gre = await anchor.exec.run(['unshare', '--net', 'ip', 'link', 'add', 'type', 'gre', 'local', '192.0.2.1']);
    if (gre.code === 0) return console.warn('this kernel has ip_gre: its absence is not tested');
    const ended = await culvert.run(...on('agent', FLEET), '--tunnels', 'kernel');
    expectRefusal(ended, /^culvert: no ip_gre: .*; load ip_gre: modprobe ip_gre$/);
  });

  it.each(['agent', 'plan'])('%s without ip and nft', async (command) => {
    const bin = join(folder, `bin-${command}`);
    mkdirSync(bin);
    for (const program of ['sh', 'nsenter', 'unshare']) {
      symlinkSync(execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim(), join(bin, program));
    }
    const ended = await culvert.as('env', `PATH=${bin}`).run(...on(command, FLEET), '--lab');
    expectRefusal(ended, 'culvert: not in PATH: ip, nft; correct PATH, or install iproute2 and nftables');
  });

  it('status without processes says who is away', async () => {
    const ended = await culvert.run('status');
    expect(ended).toMatchObject({ code: 1, stderr: '' });
    expect(ended.stdout.split('\n').filter((line) => line !== '')).toEqual([
      'guard: no guard listens on /run/culvert/guard.sock; is culvert guard running?',
      'agent: no agent listens on /run/culvert/agent.sock; is culvert agent running?',
    ]);
  });

  describe('to nobody', () => {
    const readable = missing === undefined && execReadable();
    if (!readable) console.warn(`${CLI} cannot be read by nobody: what is refused to nobody is not tested`);
    const readableIt = readable ? it : it.skip;

    readableIt.each<[string, readonly string[], RegExp]>([
      ['agent', [], /^culvert: the agent configures the kernel and needs root; start it as root$/],
      ['plan', [], /^culvert: plan reads the kernel of every namespace and needs root; start it as root$/],
      [
        'guard',
        [],
        /^culvert: cannot write to \/run\/culvert \(EACCES\); start as the user who may, or name another folder with --run-dir$/,
      ],
      [
        'guard',
        ['--run-dir', '/tmp', '--state-dir', '/run/state'],
        /^culvert: cannot write to \/run\/state \(EACCES\); .* --state-dir$/,
      ],
    ])('%s %j', async (command, words, line) => {
      expectRefusal(await culvert.as(...NOBODY).run(...on(command, FLEET), ...words), line);
    });
  });
});

function execReadable(): boolean {
  try {
    const [program, ...args] = [...NOBODY, 'test', '-r', CLI] as const;
    execFileSync(program, args);
    return true;
  } catch {
    return false;
  }
}
