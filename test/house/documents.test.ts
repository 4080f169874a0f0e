import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(resolve(ROOT, path), 'utf8');
const readme = read('README.md');

describe('README.md', () => {
  const snippets = [...readme.matchAll(/^<!-- from (\S+) -->\n```\w*\n([^]*?)^```$/gm)].map(([, file, text]) => ({
    file: file ?? '',
    text: text ?? '',
  }));

  test('quotes the fleet, both routers and the clamp', () => {
    expect(new Set(snippets.map(({ file }) => file))).toEqual(
      new Set([
        'lab/acme/fleet.yaml',
        'lab/acme/ams-r1/frr.conf',
        'lab/acme/sjc-r1/bird.conf',
        'lab/acme/customer/clamp.nft',
      ]),
    );
    expect(readme.match(/<!-- from /g)).toHaveLength(snippets.length);
  });

  test.each(snippets)('quotes $file word for word', ({ file, text }) => {
    expect(`\n${read(file)}`).toContain(`\n${text}`);
  });

  test('links to files that are there', () => {
    const links = [...`${readme}${read('CONTRIBUTING.md')}`.matchAll(/\]\(([^):]+)\)/g)].map(([, path]) => path ?? '');
    expect(links.filter((path) => !existsSync(resolve(ROOT, path)))).toEqual([]);
  });

  test('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> };
    const named = [...`${readme}${read('CONTRIBUTING.md')}`.matchAll(/npm (?:run )?(lab|test[:\w]*|check[:\w]*)/g)];
    for (const [, script] of named) expect(Object.keys(scripts)).toContain(script);
  });
});

const analyze = spawnSync('systemd-analyze', ['--version']).error === undefined;
if (!analyze) console.warn('skipped: units are not verified, systemd-analyze is missing');

(analyze ? describe : describe.skip)('templates/systemd', () => {
  const units = readdirSync(resolve(ROOT, 'templates/systemd'));

  test('four units that systemd accepts', () => {
    const names = ['agent', 'exabgp', 'gobgpd', 'guard'].map((name) => `culvert-${name}.service`);
    expect(units).toEqual(names);
    const { stdout, stderr, status } = spawnSync(
      'systemd-analyze',
      ['verify', ...units.map((unit) => resolve(ROOT, 'templates/systemd', unit))],
      { encoding: 'utf8', timeout: 20_000 },
    );
    // A machine without one of the daemons complains of that alone.
    const complaints = `${stdout}${stderr}`
      .split('\n')
      .filter((line) => line !== '' && !/(gobgpd|exabgp) is not executable/.test(line));
    expect(complaints).toEqual([]);
    expect(status === 0 || complaints.length === 0).toBe(true);
  });

  // Customers' namespaces are mounts: a unit with mounts of its own would hide them from the host.
  test('the agent sees the mounts of the host', () => {
    const agent = read('templates/systemd/culvert-agent.service');
    expect(agent).not.toMatch(
      /^(Protect(System|Home|Kernel\w+|ControlGroups)|Private\w+|Read(Write|Only)Paths|MountFlags|DynamicUser)=/m,
    );
  });
});
