import { type LastRunRecord, staleBoot } from '../../src/decide/boot.js';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-06-01T12:00:00Z');
const ago = (ms: number): LastRunRecord => ({ at: NOW - ms, generation: 'g1' });

test.each<[string, LastRunRecord, string | undefined]>([
  ['it has never run', 'none', undefined],
  ['it has run, nobody knows when', 'unreadable', 'its record of the last run cannot be understood'],
  ['a minute ago', ago(60_000), undefined],
  ['a day ago', ago(24 * HOUR), undefined],
  ['more than a day ago', ago(24 * HOUR + 1), 'it last ran 24.0 h ago, with fleet g1; bootMaxAge is 24.0 h'],
  ['half a minute in the future', ago(-30_000), undefined],
  ['two hours in the future', ago(-2 * HOUR), 'this clock is behind the last run, 2.0 h: set the clock'],
])('%s', (_, record, detail) => {
  expect(staleBoot(record, NOW, 24 * HOUR)?.detail).toBe(detail);
});
