import fc from 'fast-check';
import { lossesOf } from '../../src/decide/loss-window.js';
import { afterSample, aged, unprobed, type TunnelRecord } from '../../src/decide/tunnel-health.js';
import type { ProbeSample } from '../../src/model/health.js';
import type { TunnelStates } from '../../src/model/safety.js';
import { acmeFleet } from '../acme.js';

const probe = { rise: 3, fall: 2, intervalMs: 200, timeoutMs: 200 };
const { tunnels: states } = acmeFleet.safety;

const sample = (outcome: ProbeSample['outcome'], at: number): ProbeSample => ({
  customer: 'acme',
  tunnel: 'us',
  outcome,
  at,
});

const NAMES = { a: 'answered', l: 'lost', u: 'unsent' } as const;
type Letter = keyof typeof NAMES;

interface Played {
  readonly record: TunnelRecord;
  readonly at: number;
}

function play(outcomes: string, from: Played = { record: unprobed(0), at: -200 }, every = 200, rules = probe): Played {
  return [...outcomes].reduce<Played>(
    ({ record, at }, letter) => ({
      record: afterSample(record, sample(NAMES[letter as Letter], at + every), rules, states),
      at: at + every,
    }),
    from,
  );
}

const healthAfter = (outcomes: string): string => play(outcomes).record.health;
const clean = (count: number): string => 'a'.repeat(count);

test.each([
  ['', 'unknown'],
  ['aa', 'unknown'],
  ['aaa', 'up'],
  ['l', 'unknown'],
  ['ll', 'down'],
  ['aaal', 'up'],
  ['aaall', 'down'],
  ['aaalal', 'degraded'],
  [`aaalal${clean(29)}`, 'degraded'],
  [`aaalal${clean(30)}`, 'up'],
  [`aaalal${clean(29)}l${clean(29)}`, 'degraded'],
  [`aaalal${clean(29)}l${clean(30)}`, 'up'],
  ['llaa', 'down'],
  ['llaaa', 'degraded'],
  [`llaaa${clean(29)}`, 'degraded'],
  [`llaaa${clean(30)}`, 'up'],
  ['llaaall', 'down'],
  ['llaalaaa', 'degraded'],
  ['llaalaa', 'down'],
  ['uuuuuu', 'unknown'],
  ['aaauuuuuu', 'up'],
  ['lul', 'down'],
])('after %j the tunnel is %s', (outcomes, health) => expect(healthAfter(outcomes)).toBe(health));

test('one lost probe in a thousand degrades, and only where it is not the only one', () => {
  expect(healthAfter(`${clean(400)}l${clean(400)}l`)).toBe('degraded');
  expect(healthAfter(`${clean(600)}l${clean(600)}`)).toBe('up');
  // Two of 2,001 in five minutes are less than 0.1 %: at 100 ms, where so many fit.
  const dense = play(`${clean(1_000)}l${clean(1_000)}l`, { record: unprobed(0), at: 0 }, 100);
  expect(lossesOf(dense.record.window)).toEqual({ sent: 2_002, lost: 2 });
  expect(dense.record.health).toBe('up');
});

test('losses older than the window are forgotten', () => {
  const first = play(`${clean(10)}l${clean(20)}`);
  const later = play(`${clean(1_600)}l`, first);
  expect(later.record.health).toBe('up');
  expect(lossesOf(later.record.window).lost).toBe(1);
});

test('what was lost before a recovery is not counted again after it', () => {
  const recovered = play(`aaalal${clean(30)}`);
  expect(play('l', recovered).record.health).toBe('up');
  expect(play('lal', recovered).record.health).toBe('degraded');
});

test('losses in a row that lie far apart bring nothing down, slow probes do', () => {
  const first = play('aaal');
  expect(afterSample(first.record, sample('lost', first.at + 10_000), probe, states).health).not.toBe('down');
  const slow = { ...probe, intervalMs: 10_000, timeoutMs: 1_000 };
  expect(play('aaall', { record: unprobed(0), at: 0 }, 10_000, slow).record.health).toBe('down');
});

test('since is the time of the change, not of the last sample', () => {
  expect(play('aaaaa').record.since).toBe(400);
});

describe('knowledge without fresh proof', () => {
  test('lapses, and what was proven last is kept', () => {
    const { record } = play('aaa');
    expect(aged(record, 400 + 1200, probe).health).toBe('up');
    expect(aged(record, 400 + 1201, probe)).toMatchObject({
      health: 'unknown',
      proven: 'up',
      since: 1601,
      answersInRow: 0,
    });
    expect(aged(unprobed(0), 1e9, probe).since).toBe(0);
  });

  test.each([
    ['aaa', 'aa', 'unknown'],
    ['aaa', 'aaa', 'up'],
    ['aaa', 'l', 'unknown'],
    ['aaa', 'll', 'down'],
    ['ll', 'aaa', 'degraded'],
    ['ll', 'aa', 'unknown'],
  ])('after %j and a pause, %j makes it %s', (before, after, health) => {
    const { record, at } = play(before);
    const paused = { record: aged(record, at + 5_000, probe), at: at + 5_000 };
    expect(paused.record.health).toBe('unknown');
    expect(play(after, paused).record.health).toBe(health);
  });
});

const letters = fc.array(fc.constantFrom<Letter>('a', 'a', 'a', 'l', 'u'), { maxLength: 120 });

test('a tunnel never falls without fall losses in a row, and never rises from down without rise answers', () => {
  fc.assert(
    fc.property(letters, (all) => {
      let before = 'unknown';
      for (let length = 1; length <= all.length; length++) {
        const { health } = play(all.slice(0, length).join('')).record;
        const proofs = all
          .slice(0, length)
          .filter((letter) => letter !== 'u')
          .join('');
        if (health !== before && health === 'down') expect(proofs.endsWith('ll')).toBe(true);
        if (before === 'down' && health !== 'down') {
          expect([health, proofs.endsWith('aaa')]).toEqual(['degraded', true]);
        }
        before = health;
      }
    }),
  );
});

const RANK = ['down', 'degraded', 'up'];

test('an answer in place of a loss never makes it worse', () => {
  const stricter: TunnelStates = { ...states, recoveryProbes: 5 };
  const end = (all: readonly Letter[]): string =>
    all.reduce(
      (record, letter, index) => afterSample(record, sample(NAMES[letter], index * 200), probe, stricter),
      play('aaa').record,
    ).health;
  fc.assert(
    fc.property(letters, fc.nat(119), (all, index) => {
      const better = all.map((letter, at) => (at === index && letter === 'l' ? 'a' : letter));
      expect(RANK.indexOf(end(better))).toBeGreaterThanOrEqual(RANK.indexOf(end(all)));
    }),
  );
});

test('everything it keeps is bounded, however long it is probed', () => {
  const { record } = play(`${'aaaaaaaaal'.repeat(1_000)}`, { record: unprobed(0), at: 0 }, 200);
  expect(record.window.past.length).toBeLessThanOrEqual(30);
});
