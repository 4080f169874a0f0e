/** test/conformance/fetch.sh where what it needs cannot be had: one line with the remedy, and no error. */
import { spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const LIST = `# release in package sum\n9.9.9 sid gobgpd_9.9.9-1_amd64.deb ${'0'.repeat(64)}\n`;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'culvert-daemons-'));
  chmodSync(root, 0o755);
  mkdirSync(join(root, 'test/conformance'), { recursive: true });
  mkdirSync(join(root, 'bin'));
  cpSync(join(ROOT, 'test/conformance/fetch.sh'), join(root, 'test/conformance/fetch.sh'));
  writeFileSync(join(root, 'test/conformance/daemons.txt'), LIST);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const program = (name: string, prints: string): void =>
  writeFileSync(join(root, 'bin', name), `#!/bin/sh\necho '${prints}'\n`, { mode: 0o755 });

/** Runs it where apt's one source is this. */
async function fetchFrom(site: string): Promise<{ readonly status: number | null; readonly said: string }> {
  program('apt-get', site);
  program('dpkg', 'amd64');
  const env = { ...process.env, PATH: `${join(root, 'bin')}:${process.env.PATH ?? ''}`, no_proxy: '127.0.0.1' };
  const child = spawn('sh', [join(root, 'test/conformance/fetch.sh')], { env, timeout: 15_000 });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdout.resume();
  const status = await new Promise<number | null>((done) => child.once('close', done));
  expect(existsSync(join(root, '.cache/gobgpd/9.9.9'))).toBe(false);
  return { status, said };
}

async function serving(answer: RequestListener, work: (site: string) => Promise<void>): Promise<void> {
  const server: Server = createServer(answer);
  await new Promise<void>((up) => server.listen(0, '127.0.0.1', up));
  await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/debian`);
  await new Promise((down) => server.close(down));
}

const skipped = '   gobgpd 9.9.9: its tests will be skipped: ';
const withApt = existsSync('/usr/lib/apt/apt-helper') ? test : test.skip;

withApt('a machine without a mirror of Debian among its sources', async () => {
  expect(await fetchFrom('http://127.0.0.1:9/ubuntu')).toEqual({
    status: 0,
    said: `${skipped}no mirror of Debian is among apt's sources; add one\n`,
  });
});

withApt('nobody answers', async () => {
  const { status, said } = await fetchFrom('http://127.0.0.1:9/debian');
  expect(status).toBe(0);
  expect(said).toMatch(/^ {3}gobgpd 9\.9\.9: .* could not be fetched: E: .*; look at the network, then run sh test/);
  expect(said.trimEnd().split('\n')).toHaveLength(1);
});

withApt('a release that Debian no longer has', () =>
  serving(
    (_, answer) => answer.writeHead(404).end(),
    async (site) =>
      expect(await fetchFrom(site)).toEqual({
        status: 0,
        said:
          `${skipped}gobgpd_9.9.9-1_amd64.deb is gone from Debian (sid has moved on); ` +
          'pin what is there now in test/conformance/daemons.txt\n',
      }),
  ),
);

withApt('another package than the pinned one', () =>
  serving(
    (_, answer) => answer.end('not what was pinned'),
    async (site) =>
      expect(await fetchFrom(site)).toEqual({
        status: 0,
        said: `${skipped}gobgpd_9.9.9-1_amd64.deb is not the one that is pinned in test/conformance/daemons.txt\n`,
      }),
  ),
);
