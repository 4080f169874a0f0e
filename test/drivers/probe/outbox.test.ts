import { jest } from '@jest/globals';
import { Outbox } from '../../../src/drivers/probe/outbox.js';
import { ProbeRun } from '../../../src/drivers/probe/probe-run.js';
import { address } from '../../../src/model/address.js';
import type { ProbeSample } from '../../../src/model/health.js';

const sampleAt = (at: number): ProbeSample => ({ customer: 'acme', tunnel: 'us', outcome: 'answered', at });
const now = (): number => Date.now();

beforeEach(() => {
  jest.useFakeTimers({ now: 0 });
});
afterEach(() => {
  jest.useRealTimers();
});

describe('samples', () => {
  let sent: number[][];
  let outbox: Outbox;
  beforeEach(() => {
    sent = [];
    outbox = new Outbox(now, (samples) => sent.push(samples.map(({ at }) => at)));
  });

  test('that are news leave at the end of the turn, together', () => {
    outbox.put(sampleAt(1), 0);
    outbox.put(sampleAt(2), 0);
    expect(sent).toEqual([]);
    jest.advanceTimersByTime(0);
    expect(sent).toEqual([[1, 2]]);
  });

  test('that may wait leave when their time is up, or with the next news', () => {
    outbox.put(sampleAt(1), 200);
    jest.advanceTimersByTime(199);
    expect(sent).toEqual([]);
    jest.advanceTimersByTime(1);
    outbox.put(sampleAt(2), 200);
    jest.advanceTimersByTime(100);
    outbox.put(sampleAt(3), 0);
    jest.advanceTimersByTime(0);
    expect(sent).toEqual([[1], [2, 3]]);
  });

  test('of a burst make 200 lines a second at most', () => {
    for (let ms = 0; ms < 100; ms++) {
      outbox.put(sampleAt(ms), 0);
      jest.advanceTimersByTime(1);
    }
    expect(sent.length).toBeLessThanOrEqual(21);
    expect(sent.flat()).toHaveLength(100 - (100 % 5));
  });

  test('do not leave after the end', () => {
    outbox.put(sampleAt(1), 0);
    outbox.close();
    expect(jest.getTimerCount()).toBe(0);
  });
});

test('an answer is routine after ten in a row; everything else is news', () => {
  const waits: [string, number][] = [];
  let last = 0;
  const run = new ProbeRun({
    spec: {
      customer: 'acme',
      tunnel: 'us',
      netns: 'cv-acme',
      kind: 'request',
      device: 'gre-us',
      source: address('198.18.1.11'),
      target: address('198.51.100.66'),
      intervalMs: 200,
      timeoutMs: 100,
    },
    sender: { send: (sequence) => ((last = sequence), undefined) },
    now,
    drain: () => undefined,
    firstBeat: now(),
    sample: ({ outcome }, mayWaitMs) => waits.push([outcome, mayWaitMs]),
  });
  const beat = (answered: boolean): void => {
    jest.setSystemTime(run.at);
    run.run(now());
    if (answered) run.answered(last);
  };
  for (let i = 0; i < 12; i++) beat(true);
  beat(false);
  expect(run.at - now()).toBe(100);
  jest.setSystemTime(run.at);
  run.run(now());
  beat(true);
  expect(waits.slice(0, 10)).toEqual(Array(10).fill(['answered', 0]));
  expect(waits.slice(10)).toEqual([
    ['answered', 200],
    ['answered', 200],
    ['lost', 0],
    ['answered', 0],
  ]);
});
