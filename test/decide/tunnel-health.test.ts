import fc from 'fast-check';
import { afterSample, aged, unprobed, type TunnelRecord } from '../../src/decide/tunnel-health.js';
import type { ProbeSample } from '../../src/model/health.js';

const probe = { rise: 3, fall: 2, intervalMs: 200, timeoutMs: 200 };

const sample = (outcome: ProbeSample['outcome'], at: number): ProbeSample => ({
  customer: 'acme',
  tunnel: 'us',
  outcome,
  at,
});

function play(outcomes: string): TunnelRecord {
  const names = { a: 'answered', l: 'lost', u: 'unsent' } as const;
  return [...outcomes].reduce(
    (record, letter, index) => afterSample(record, sample(names[letter as 'a' | 'l' | 'u'], index * 200), probe),
    unprobed(0),
  );
}

test.each([
  ['', 'unknown'],
  ['aa', 'unknown'],
  ['aaa', 'up'],
  ['l', 'unknown'],
  ['ll', 'down'],
  ['aaal', 'up'],
  ['aaall', 'down'],
  ['aaalal', 'up'],
  ['llaa', 'down'],
  ['llaaa', 'up'],
  ['llaalaaa', 'up'],
  ['llaalaa', 'down'],
  ['uuuuuu', 'unknown'],
  ['aaauuuuuu', 'up'],
  ['lul', 'down'],
])('after %j the tunnel is %s', (outcomes, health) => expect(play(outcomes).health).toBe(health));

test('since is the time of the change, not of the last sample', () => {
  expect(play('aaaaa').since).toBe(400);
});

test('knowledge without fresh proof lapses', () => {
  const up = play('aaa');
  expect(aged(up, 400 + 1200, probe).health).toBe('up');
  expect(aged(up, 400 + 1201, probe)).toMatchObject({ health: 'unknown', since: 1601, answersInRow: 0 });
  expect(aged(unprobed(0), 1e9, probe).since).toBe(0);
});

test('a tunnel never changes without rise or fall consecutive samples', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'l', 'u'), { maxLength: 60 }), (letters) => {
      let before = 'unknown';
      for (let length = 1; length <= letters.length; length++) {
        const { health } = play(letters.slice(0, length).join(''));
        if (health !== before) {
          const proofs = letters.slice(0, length).filter((letter) => letter !== 'u');
          const needed = health === 'up' ? 'aaa' : 'll';
          expect(proofs.join('').endsWith(needed)).toBe(true);
        }
        before = health;
      }
    }),
  );
});
