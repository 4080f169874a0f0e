import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClock } from '../../../src/drivers/clock/clock.js';
import { openChronicle, type OpenChronicle } from '../../../src/drivers/chronicle/chronicle.js';
import { readRecorded } from '../../../src/status/recorded.js';

const LIMIT = 4_096;

let folder: string;
let path: string;
let warned: unknown[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chronicle-'));
  path = join(folder, 'events-guard.jsonl');
  warned = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function begin(at: string = path): OpenChronicle {
  const warn = (text: string, fields?: unknown): void => void warned.push([text, fields]);
  const log = { info: warn, warn, error: warn };
  return openChronicle({ path: at, by: 'guard', boot: 'b1', clock: createClock(), log, fileBytes: LIMIT });
}

const textsOf = (...paths: string[]): readonly string[] =>
  readRecorded(paths.filter((name) => existsSync(name)).map((name) => readFileSync(name, 'utf8'))).events.flatMap(
    (event) => (event.kind === 'note' ? [event.text] : []),
  );

test('what is recorded is on disk when it closes, stamped, in order, for nobody else to read', async () => {
  const chronicle = begin();
  chronicle.record({ kind: 'note', text: 'one' });
  chronicle.record({ kind: 'note', text: 'two' });
  await chronicle.close();
  const { events, unread } = readRecorded([readFileSync(path, 'utf8')]);
  expect([events.map(({ by, boot }) => [by, boot]), unread]).toEqual([
    [
      ['guard', 'b1'],
      ['guard', 'b1'],
    ],
    0,
  ]);
  expect(textsOf(path)).toEqual(['one', 'two']);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('two generations never hold more than twice the limit, and end with what came last', async () => {
  for (let round = 0; round < 40; round++) {
    const chronicle = begin();
    for (let line = 0; line < 5; line++)
      chronicle.record({ kind: 'note', text: `${round}/${line} ${'x'.repeat(100)}` });
    await chronicle.close();
    for (const name of [path, `${path}.1`]) {
      if (existsSync(name)) expect(statSync(name).size).toBeLessThanOrEqual(LIMIT);
    }
  }
  const kept = textsOf(`${path}.1`, path);
  expect(kept.at(-1)).toMatch(/^39\/4 /);
  expect(kept.length).toBeGreaterThan(LIMIT / 250);
});

test('a line that was cut off is ended, and ours begins a new one', async () => {
  writeFileSync(path, '{"at":"2026-01-01T00:0');
  const chronicle = begin();
  chronicle.record({ kind: 'note', text: 'after' });
  await chronicle.close();
  const { events, unread } = readRecorded([readFileSync(path, 'utf8')]);
  expect([events.length, unread]).toEqual([1, 1]);
});

test('a disk that takes nothing is told once, holds nobody up, and what is lost is counted', async () => {
  const gone = join(folder, 'later', 'events-guard.jsonl');
  const chronicle = begin(gone);
  for (let line = 0; line < 3; line++) {
    chronicle.record({ kind: 'note', text: `lost ${line}` });
    await chronicle.close();
  }
  expect(warned).toEqual([['events are not kept', { problem: expect.stringContaining('ENOENT') as unknown }]]);
  mkdirSync(join(folder, 'later'));
  chronicle.record({ kind: 'note', text: 'kept' });
  await chronicle.close();
  expect(textsOf(gone)).toEqual(['kept', '3 events before this one are lost']);
});

test('what waits for a slow disk is bounded, and so are the files that it fills', async () => {
  const chronicle = begin();
  for (let line = 0; line < 5_000; line++) chronicle.record({ kind: 'note', text: `${line}` });
  await chronicle.close();
  expect(textsOf(path, `${path}.1`).at(-1)).toBe('3999 events before this one are lost');
  for (const name of [path, `${path}.1`]) expect(statSync(name).size).toBeLessThanOrEqual(LIMIT);
});
