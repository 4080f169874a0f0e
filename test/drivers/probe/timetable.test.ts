import { jest } from '@jest/globals';
import fc from 'fast-check';
import { type Task, Timetable } from '../../../src/drivers/probe/timetable.js';

/** Runs every `every` ms from `at` on, and notes when. */
class Beat implements Task {
  readonly ran: number[] = [];
  constructor(
    public at: number,
    private readonly every = Number.POSITIVE_INFINITY,
  ) {}

  run(now: number): void {
    this.ran.push(this.at);
    expect(now).toBeGreaterThanOrEqual(this.at);
    this.at += this.every;
  }
}

const now = (): number => Date.now();
let timetable: Timetable;

beforeEach(() => {
  jest.useFakeTimers({ now: 0 });
  timetable = new Timetable(now);
});
afterEach(() => {
  jest.useRealTimers();
});

test('a thousand tasks keep their beats by one timer', () => {
  const beats = Array.from({ length: 1_000 }, (_, i) => new Beat(i % 200, 200));
  for (const beat of beats) timetable.add(beat);
  expect(jest.getTimerCount()).toBe(1);
  jest.advanceTimersByTime(1_999);
  expect(jest.getTimerCount()).toBe(1);
  for (const { ran } of beats) expect(ran).toHaveLength(10);
});

test('without tasks there is no timer', () => {
  const beats = [new Beat(10), new Beat(20), new Beat(30)];
  for (const beat of beats) timetable.add(beat);
  for (const beat of beats) timetable.remove(beat);
  timetable.remove(new Beat(1));
  expect(jest.getTimerCount()).toBe(0);
});

const step = fc.record({
  kind: fc.constantFrom('add', 'remove', 'move', 'pass'),
  which: fc.nat(9),
  ms: fc.integer({ min: 1, max: 50 }),
});

test('whatever is added, moved and removed: each runs when it is due, and only then', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      jest.setSystemTime(0);
      timetable = new Timetable(now);
      const tasks = new Map<number, { at: number; run(): void }>();
      const make = (at: number): { at: number; run(): void } => ({
        at,
        run() {
          expect(Math.abs(now() - this.at)).toBeLessThanOrEqual(1);
          this.at = Number.POSITIVE_INFINITY;
        },
      });
      for (const { kind, which, ms } of steps) {
        const task = tasks.get(which);
        if (kind === 'pass') jest.advanceTimersByTime(ms);
        else if (kind === 'add' && !task) tasks.set(which, make(now() + ms));
        else if (task && kind === 'move') task.at = now() + ms;
        else if (task && kind === 'remove') tasks.delete(which);
        const known = tasks.get(which);
        if (kind === 'add' && !task && known) timetable.add(known);
        if (kind === 'move' && task) timetable.moved(task);
        if (kind === 'remove' && task) timetable.remove(task);
        for (const { at } of tasks.values()) expect(at).toBeGreaterThanOrEqual(now());
      }
      jest.advanceTimersByTime(51);
      for (const { at } of tasks.values()) expect(at).toBe(Number.POSITIVE_INFINITY);
      expect(jest.getTimerCount()).toBe(0);
    }),
  );
});
