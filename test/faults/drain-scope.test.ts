/** `culvert drain SITE` before servers that are a script: what is asked of whom, and when nothing is. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLI, FLEET, whyNoProcesses } from './culvert.js';

const missing = whyNoProcesses();
if (missing !== undefined) console.warn(`no drain of a site is tried here: ${missing}`);
const here = missing === undefined ? describe : describe.skip;

const status = (held: string): string =>
  JSON.stringify({
    agent: { problem: 'not asked' },
    guard: {
      ...{ speaker: 'ready', generation: 'g', agent: 'leased', drain: 'in-service', reports: [] },
      prefixes: [{ prefix: '203.0.113.0/24', level: held, held, reasons: [], settled: false }],
      peers: [{ address: '198.18.1.1', asn: 64500, state: 'established' }],
    },
  });

here('a site', () => {
  let folder: string;
  const culvert = (...argv: readonly string[]): Promise<{ readonly code: number; readonly text: string }> =>
    new Promise((resolve) => {
      const via = `sh ${join(folder, 'server')} {server} {address}`;
      const all = [CLI, ...argv, '--fleet', FLEET, '--via', via];
      execFile(process.execPath, all, { timeout: 30_000 }, (error, stdout, stderr) => {
        const code = error && typeof error.code === 'number' ? error.code : error ? -1 : 0;
        resolve({ code, text: stdout + stderr });
      });
    });
  /** What each server was told, but for questions. */
  const told = (): readonly string[] =>
    readFileSync(join(folder, 'told'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.includes('status'))
      .sort();
  const answering = (levels: Readonly<Record<string, string>>, fails = ''): void => {
    for (const [server, level] of Object.entries(levels)) writeFileSync(join(folder, server), status(level));
    writeFileSync(
      join(folder, 'server'),
      `echo "$1 $2 $4 $5" >>${folder}/told
case "$4" in
  status) cat "${folder}/$1" || { echo "no guard listens" >&2; exit 1; } ;;
  *) [ "$1" != "${fails}" ] || { echo "no guard listens" >&2; exit 1; }; echo "done" ;;
esac`,
    );
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'culvert-drain-'));
    writeFileSync(join(folder, 'told'), '');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('is drained at each of its servers when another one holds everything, and brought back', async () => {
    answering({ 'ams-s1': 'full', 'ams-s2': 'full', 'sjc-s1': 'full' });
    expect(await culvert('drain', 'ams')).toMatchObject({ code: 0 });
    expect(told()).toEqual(['ams-s1 198.18.1.11 drain --leaving-site', 'ams-s2 198.18.1.12 drain --leaving-site']);
    expect(await culvert('undrain', 'ams-s1')).toMatchObject({ code: 0 });
    expect(told()).toContain('ams-s1 198.18.1.11 undrain ');
  }, 60_000);

  test('is left alone when nobody else has a full path, unless it is forced by its name', async () => {
    answering({ 'ams-s1': 'full', 'ams-s2': 'full', 'sjc-s1': 'degraded' });
    const refused = await culvert('drain', 'ams');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.text).toMatch(
      /no full path is left for 203\.0\.113\.0\/24 \(sjc-s2 does not answer: .*say --force ams/,
    );
    expect(await culvert('drain', 'ams', '--force', 'sjc')).toMatchObject({ code: 1 });
    expect(told()).toEqual([]);
    const forced = await culvert('drain', 'ams', '--force', 'ams');
    expect(forced).toMatchObject({ code: 0 });
    expect(forced.text).toContain('forced: without ams no full path is left');
    expect(told()).toHaveLength(2);
  }, 60_000);

  test('says which server did not do it', async () => {
    answering({ 'ams-s1': 'full', 'ams-s2': 'full', 'sjc-s1': 'full' }, 'ams-s2');
    const { code, text } = await culvert('drain', 'ams');
    expect(code).toBe(1);
    expect(text).toContain('ams-s2: no guard listens');
    expect(text).toContain('ams-s2 did not drain');
  }, 60_000);
});
