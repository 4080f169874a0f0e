import fc from 'fast-check';
import { Beats, type Alarm } from '../../../src/drivers/check/beats.js';
import { CheckRun } from '../../../src/drivers/check/check-run.js';
import { failed, OK, unsent, type End, type Probing } from '../../../src/drivers/check/probing.js';
import { address } from '../../../src/model/address.js';
import type { CheckSample, CheckSpec } from '../../../src/model/check.js';
import { VirtualClock } from '../../virtual-clock.js';

/** Beats may be late by this: those that are close ring together. */
const GRAIN_MS = 2;

describe('beats', () => {
  class Note implements Alarm {
    at = 0;
    place = -1;
    readonly rung: number[] = [];
    constructor(private readonly then: (note: Note, now: number) => void = () => undefined) {}
    ring(now: number): void {
      this.rung.push(now);
      this.then(this, now);
    }
  }

  test('any alarms, moved and taken out, ring once, in order, never early and hardly late', async () => {
    const times = fc.array(fc.record({ at: fc.nat(500), moved: fc.option(fc.nat(500)), out: fc.boolean() }), {
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(times, async (wanted) => {
        const clock = new VirtualClock(1_000);
        const beats = new Beats(clock);
        const order: number[] = [];
        const notes = wanted.map(() => new Note((note) => order.push(note.at)));
        wanted.forEach(({ at }, i) => beats.arm(notes[i]!, 1_000 + at));
        wanted.forEach(({ moved }, i) => moved !== null && beats.arm(notes[i]!, 1_000 + moved));
        wanted.forEach(({ out }, i) => out && beats.disarm(notes[i]!));
        await clock.advance(600);
        wanted.forEach(({ at, moved, out }, i) => {
          const due = 1_000 + (moved ?? at);
          const { rung } = notes[i]!;
          expect(rung).toHaveLength(out ? 0 : 1);
          for (const now of rung) {
            expect(now).toBeGreaterThanOrEqual(due);
            expect(now).toBeLessThanOrEqual(due + GRAIN_MS);
          }
        });
        expect(order).toEqual(order.toSorted((a, b) => a - b));
        expect(clock.timers).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  test('one timer, whatever waits; none after the end', () => {
    const clock = new VirtualClock();
    const beats = new Beats(clock);
    for (let i = 0; i < 100; i++) beats.arm(new Note(), clock.now() + ((i * 37) % 100));
    expect(clock.timers).toBe(1);
    beats.close();
    expect(clock.timers).toBe(0);
  });

  test('one that wants to ring at once, over and over, does not hold up the event loop', async () => {
    const clock = new VirtualClock();
    const beats = new Beats(clock);
    const eager = new Note((note, now) => note.rung.length < 50 && beats.arm(note, now));
    beats.arm(eager, clock.now());
    await clock.advance(5);
    expect(eager.rung.length).toBeLessThan(5);
    await clock.advance(200);
    expect(eager.rung).toHaveLength(50);
  });
});

describe('a check at its beat', () => {
  const SPEC: CheckSpec = {
    key: 'customers/acme/web',
    probe: { kind: 'icmp', target: address('127.0.0.1') },
    netns: '',
    remote: false,
    intervalMs: 200,
    timeoutMs: 200,
    phaseMs: 70,
  };

  /** A probing that answers as it is told to. */
  class Script implements Probing {
    readonly silence = 'no answer';
    begun: number[] = [];
    abandoned = 0;
    closed = false;
    looked = 0;
    /** What lies unread until somebody looks. */
    unread: End | undefined;
    ended: (end: End) => void = () => undefined;
    constructor(
      private readonly clock: VirtualClock,
      private readonly plan: (turn: number) => End | number | 'silence',
    ) {}
    begin(): End | undefined {
      this.begun.push(this.clock.now());
      const step = this.plan(this.begun.length);
      if (typeof step === 'number') this.clock.after(step, () => this.ended(OK));
      return typeof step === 'object' ? step : undefined;
    }
    look(): void {
      this.looked++;
      const end = this.unread;
      this.unread = undefined;
      if (end) this.ended(end);
    }
    abandon(): void {
      this.abandoned++;
    }
    close(): void {
      this.closed = true;
    }
  }

  const started = (plan: (turn: number) => End | number | 'silence', rest: Partial<CheckSpec> = {}) => {
    const clock = new VirtualClock(1_000_000);
    const script = new Script(clock, plan);
    const samples: CheckSample[] = [];
    const probing = (ended: (end: End) => void): Probing => {
      script.ended = ended;
      return script;
    };
    const options = { spec: { ...SPEC, ...rest }, beats: new Beats(clock), now: () => clock.now() };
    const run = new CheckRun({ ...options, sample: (sample) => samples.push(sample), probing });
    return { clock, script, samples, run };
  };
  const outcomes = (samples: readonly CheckSample[]) => samples.map(({ outcome }) => outcome);

  test('begins at its phase of the interval, and lateness does not add up', async () => {
    const { clock, script } = started(() => 5);
    await clock.advance(200 * 200);
    expect(script.begun).toHaveLength(200);
    for (const at of script.begun) expect((at - 70) % 200).toBeLessThanOrEqual(GRAIN_MS);
  });

  test('tells when it was sent and what it took', async () => {
    const { clock, samples } = started((turn) => (turn === 2 ? unsent('no descriptor') : 30));
    await clock.advance(600);
    expect(samples.map(({ sentAt, ...rest }) => ({ ...rest, beat: Math.floor((sentAt - 70) / 200) }))).toEqual([
      { check: SPEC.key, outcome: 'ok', beat: 5_000, took: 30 },
      { check: SPEC.key, outcome: 'unsent', beat: 5_001, took: 0, detail: 'no descriptor' },
      { check: SPEC.key, outcome: 'ok', beat: 5_002, took: 30 },
    ]);
  });

  test('silence has failed by its timeout, every beat, also where the timeout is the whole interval', async () => {
    const { clock, script, samples } = started(() => 'silence');
    await clock.advance(10 * 200 + 80);
    expect(script.begun).toHaveLength(11);
    expect(outcomes(samples)).toEqual(Array(10).fill('failed'));
    expect(samples[0]?.detail).toBe('no answer within 200 ms');
    expect(script.abandoned).toBe(10);
    for (const { took } of samples) expect(took).toBeLessThanOrEqual(200 + GRAIN_MS);
  });

  test('a beat that came late costs silence a part of its time, and not the next beat', async () => {
    const { clock, script, samples } = started(() => 'silence');
    await clock.advance(60);
    await clock.freeze(40); // past the beat at 70
    await clock.advance(400);
    expect(script.begun.map((at) => Math.floor((at - 70) / 200))).toEqual([5_000, 5_001, 5_002]);
    expect(outcomes(samples)).toEqual(['failed', 'failed']);
  });

  test('a shorter timeout ends sooner, and an answer after it counts for nothing', async () => {
    const { clock, samples } = started((turn) => (turn === 1 ? 120 : 5), { timeoutMs: 50 });
    await clock.advance(400);
    expect(outcomes(samples)).toEqual(['failed', 'ok']);
  });

  test('after a pause of the machine, what lies unread is read before anything is declared lost', async () => {
    const { clock, script, samples } = started((turn) => (turn === 1 ? 'silence' : 5));
    await clock.advance(100);
    script.unread = OK;
    await clock.freeze(3_000);
    expect(outcomes(samples).slice(0, 1)).toEqual(['ok']);
    await clock.advance(1_000);
    expect(outcomes(samples)).not.toContain('failed');
  });

  test('after a pause an answer that needs a turn of the event loop gets one', async () => {
    const { clock, script, samples } = started((turn) => (turn === 1 ? 'silence' : 5));
    await clock.advance(100);
    await clock.freeze(3_000);
    expect(samples).toEqual([]);
    script.ended(OK);
    expect(outcomes(samples)).toEqual(['ok']);
  });

  test('and no more than one: a dead target has failed after a pause, too', async () => {
    const { clock, samples } = started(() => 'silence');
    await clock.advance(100);
    await clock.freeze(3_000);
    await clock.advance(10);
    expect(outcomes(samples)).toEqual(['failed']);
  });

  test('beats missed in a pause are left out, and one that has too little time left is, too', async () => {
    const { clock, script } = started(() => 5);
    await clock.advance(100);
    await clock.freeze(10 * 200 + 110); // 140 ms after a beat, 60 before the next
    await clock.advance(400);
    const [, second, third] = script.begun;
    expect(second! - 1_000_070).toBeGreaterThan(10 * 200);
    expect((third! - 70) % 200).toBeLessThanOrEqual(GRAIN_MS);
    expect(third! - second!).toBeGreaterThan(150);
  });

  test('after stop nothing is told and nothing waits', async () => {
    const { clock, script, samples, run } = started(() => 50);
    await clock.advance(80);
    run.stop();
    await clock.advance(1_000);
    expect([samples, script.begun.length, script.closed]).toEqual([[], 1, true]);
  });

  test('an end at once is an end', async () => {
    const { clock, samples } = started(() => failed('connection refused'));
    await clock.advance(280);
    expect(outcomes(samples)).toEqual(['failed', 'failed']);
  });
});
