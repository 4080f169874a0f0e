import fc from 'fast-check';
import { afterCheck, agedCheck, unchecked, type CheckRecord } from '../../src/decide/check-health.js';
import type { CheckSample } from '../../src/model/check.js';

const timing = { intervalMs: 1_000, timeoutMs: 500, rise: 2, fall: 3 };
const NAMES = { o: 'ok', f: 'failed', u: 'unsent' } as const;
type Letter = keyof typeof NAMES;

const sample = (letter: Letter, index: number): CheckSample => ({
  check: 'customers/acme/web',
  outcome: NAMES[letter],
  sentAt: 1_000 * index,
  took: 5,
  ...(letter === 'o' ? {} : { detail: `no ${index}` }),
});
const play = (letters: string, from: CheckRecord = unchecked(0)): CheckRecord =>
  [...letters].reduce((record, letter, index) => afterCheck(record, sample(letter as Letter, index), timing), from);

test.each([
  ['', 'unknown'],
  ['o', 'unknown'],
  ['oo', 'up'],
  ['ff', 'unknown'],
  ['fff', 'down'],
  ['ooff', 'up'],
  ['oofof', 'up'],
  ['oofff', 'down'],
  ['oofuuff', 'down'],
  ['fffo', 'down'],
  ['fffoo', 'up'],
  ['uuuuu', 'unknown'],
])('after %j it is %s', (letters, health) => expect(play(letters).health).toBe(health));

test('says since when, how long it took, and why', () => {
  expect(play('oof')).toMatchObject({ health: 'up', since: 1_005, took: 5, detail: 'no 2' });
  expect(play('oofo')).not.toHaveProperty('detail');
  expect(play('oou')).toMatchObject({ health: 'up', detail: 'no 2', lastProof: 1_005 });
});

test('without proof nothing is known any more, and what was proven is kept', () => {
  const up = play('oo');
  expect(agedCheck(up, 1_005 + 7_000, timing).health).toBe('up');
  const old = agedCheck(up, 1_005 + 7_001, timing);
  expect(old).toMatchObject({ health: 'unknown', proven: 'up', since: 8_006 });
  expect([play('o', old).health, play('oo', old).health, play('fff', old).health]).toEqual(['unknown', 'up', 'down']);
});

test('it never changes without rise successes or fall failures in a row', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom<Letter>('o', 'f', 'u'), { maxLength: 60 }), (letters) => {
      let before = 'unknown';
      for (let length = 1; length <= letters.length; length++) {
        const played = letters.slice(0, length).join('');
        const { health } = play(played);
        const proofs = played.replaceAll('u', '');
        if (health !== before) expect(proofs.endsWith(health === 'up' ? 'oo' : 'fff')).toBe(true);
        before = health;
      }
    }),
  );
});
