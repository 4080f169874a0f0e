/** What is asked of the peers about prefixes that have gone, when, and what an answer is worth. */
import { Confirmation } from '../../src/engine/guard-confirm.js';
import { GuardChronicle } from '../../src/engine/guard-chronicle.js';
import { Journal } from '../../src/engine/guard-journal.js';
import { Settling } from '../../src/engine/guard-settle.js';
import { address, type Prefix, prefix } from '../../src/model/address.js';
import type { Path, SpeakerObserved } from '../../src/model/path.js';
import { type Speaker, SpeakerError } from '../../src/ports/speaker.js';
import { VirtualClock } from '../virtual-clock.js';
import { FakeChronicle } from './fake-chronicle.js';

const [V4, OTHER] = [prefix('203.0.113.0/24'), prefix('198.19.7.0/24')];
const PEER = address('198.18.1.1');
const running = (state: 'established' | 'idle'): SpeakerObserved =>
  ({ state: 'started', peers: [{ address: PEER, state }], paths: [] }) as unknown as SpeakerObserved;
const UP = running('established');

function scene() {
  const clock = new VirtualClock();
  const asked: (readonly Prefix[])[] = [];
  const answers: { resolve: (still: readonly Prefix[]) => void; reject: (error: unknown) => void }[] = [];
  const speaker = {
    stillSent: (prefixes: readonly Prefix[]) => {
      asked.push(prefixes);
      return new Promise((resolve, reject) => answers.push({ resolve, reject }));
    },
  } as unknown as Speaker;
  const chronicle = new FakeChronicle(clock, 'guard');
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const journal = new Journal(clock, log, chronicle);
  const settling = new Settling();
  let wakes = 0;
  const confirmation = new Confirmation({
    ...{ speaker, clock, journal, chronicle: new GuardChronicle(chronicle), settling },
    answered: () => void wakes++,
  });
  const attend = (absent: readonly Prefix[], { observed = UP, inHurry = false } = {}) =>
    confirmation.attend(new Set(absent), observed, inHurry);
  /** The question under way is answered after `ms`. */
  const answer = async (still: readonly Prefix[], ms = 0): Promise<void> => {
    await clock.advance(ms);
    answers.shift()?.resolve(still);
    await clock.advance(0);
  };
  const isConfirmed = (of: Prefix): boolean => settling.isSettled(of, 0, clock.now());
  return { clock, asked, answers, attend, answer, isConfirmed, confirmation, journal, wakes: () => wakes };
}

const announcing = (of: Prefix) => [{ kind: 'announce', paths: [{ prefix: of } as Path] } as const];

test('what no peer has is confirmed, and somebody is told', async () => {
  const { attend, answer, asked, isConfirmed, wakes } = scene();
  expect(attend([V4])).toBe(Number.POSITIVE_INFINITY);
  expect(isConfirmed(V4)).toBe(false);
  await answer([]);
  expect([isConfirmed(V4), wakes(), asked]).toEqual([true, 1, [[V4]]]);
  attend([V4]);
  expect(asked).toHaveLength(1);
});

test('what a peer still has is asked about again', async () => {
  const { attend, answer, clock, asked, isConfirmed } = scene();
  attend([V4, OTHER]);
  await answer([V4]);
  expect([isConfirmed(V4), isConfirmed(OTHER)]).toEqual([false, true]);
  expect(attend([V4, OTHER])).toBe(50);
  await clock.advance(50);
  attend([V4, OTHER]);
  expect(asked).toEqual([[V4, OTHER], [V4]]);
});

test('an answer says nothing about what stood again in between', async () => {
  const { attend, answer, isConfirmed, confirmation } = scene();
  attend([V4, OTHER]);
  attend([OTHER]);
  attend([V4, OTHER]);
  await answer([]);
  expect([isConfirmed(V4), isConfirmed(OTHER)]).toEqual([false, true]);

  attend([V4, OTHER]);
  confirmation.changing(announcing(V4));
  await answer([]);
  expect(isConfirmed(V4)).toBe(false);
});

test('one question at a time, and a slow speaker is asked seldom, unless this guard ends', async () => {
  const { attend, answer, clock, asked } = scene();
  attend([V4]);
  expect(attend([V4, OTHER])).toBe(Number.POSITIVE_INFINITY);
  await answer([], 500);
  expect(attend([V4, OTHER])).toBe(10_000);
  await clock.advance(9_999);
  expect(attend([V4, OTHER])).toBe(1);
  expect(asked).toHaveLength(1);
  attend([V4, OTHER], { inHurry: true });
  expect(asked).toEqual([[V4], [OTHER]]);
});

describe('a slow speaker, while changes follow each other,', () => {
  const slow = async () => {
    const s = scene();
    s.attend([V4]);
    await s.answer([], 500);
    await s.clock.advance(10_000);
    return s;
  };

  test('is asked when none has come for as long as a question takes', async () => {
    const { attend, clock, asked, confirmation } = await slow();
    confirmation.changing([]);
    expect(attend([V4, OTHER])).toBe(500);
    await clock.advance(400);
    confirmation.changing([]);
    expect(attend([V4, OTHER])).toBe(500);
    expect(asked).toHaveLength(1);
    await clock.advance(500);
    attend([V4, OTHER]);
    expect(asked).toEqual([[V4], [OTHER]]);
  });

  test('is asked after a minute whatever comes, and at once by a guard that ends', async () => {
    const { attend, clock, asked, confirmation } = await slow();
    for (let waited = 0; waited < 60_000; waited += 400) {
      confirmation.changing([]);
      attend([V4, OTHER]);
      expect(asked).toHaveLength(1);
      await clock.advance(400);
    }
    confirmation.changing([]);
    attend([V4, OTHER]);
    expect(asked).toHaveLength(2);

    const ending = await slow();
    ending.confirmation.changing([]);
    ending.attend([V4, OTHER], { inHurry: true });
    expect(ending.asked).toHaveLength(2);
  });
});

test('a speaker that stood still for long is asked again soon: neither a slow answer nor none puts that off for minutes', async () => {
  const { attend, answer, answers, clock } = scene();
  attend([V4]);
  await answer([], 8_000);
  expect(attend([V4, OTHER])).toBe(10_000);
  await clock.advance(10_000);
  attend([V4, OTHER]);
  await clock.advance(60_000);
  answers.shift()?.reject(new SpeakerError('timeout', 'no answer'));
  await clock.advance(0);
  expect(attend([V4, OTHER])).toBe(11_000);
});

test('a question that fails says nothing about how long one takes', async () => {
  const { attend, answers, clock } = scene();
  attend([V4]);
  await clock.advance(60_000);
  answers.shift()?.reject(new SpeakerError('timeout', 'no answer'));
  await clock.advance(0);
  expect(attend([V4])).toBe(1_000);
});

test('without a session nobody has anything', () => {
  const { attend, asked, isConfirmed } = scene();
  attend([V4], { observed: running('idle') });
  expect([isConfirmed(V4), asked]).toEqual([true, []]);
});

test('a question that fails confirms nothing, is told once, and is asked again a second later', async () => {
  const { attend, answers, answer, clock, asked, isConfirmed, journal } = scene();
  attend([V4]);
  answers.shift()?.reject(new SpeakerError('timeout', 'gobgpd: ListPath: no answer'));
  await clock.advance(0);
  expect(isConfirmed(V4)).toBe(false);
  expect(journal.reports.map(({ text }) => text)).toEqual([
    'cannot see whether withdrawn prefixes have left the peers: gobgpd: ListPath: no answer',
  ]);
  expect(attend([V4])).toBe(1_000);
  await clock.advance(1_000);
  attend([V4]);
  await answer([]);
  expect([isConfirmed(V4), asked.length]).toEqual([true, 2]);
});
