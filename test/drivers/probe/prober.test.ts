import { jest } from '@jest/globals';
import { createProber } from '../../../src/drivers/probe/prober.js';
import { address } from '../../../src/model/address.js';
import type { ProbeSample } from '../../../src/model/health.js';
import type { Exec, StreamHandlers } from '../../../src/ports/exec.js';
import type { ProbeSpec } from '../../../src/ports/prober.js';

const SPEC: ProbeSpec = {
  customer: 'acme',
  tunnel: 'us',
  netns: 'cv-acme',
  device: 'gre-us',
  kind: 'request',
  source: address('198.18.1.11'),
  target: address('198.51.100.66'),
  intervalMs: 1_000,
  timeoutMs: 1_000,
};

interface FakeChild {
  readonly handlers: StreamHandlers;
  readonly written: unknown[];
  stopped: boolean;
}

function fakeExec(): { exec: Exec; children: FakeChild[] } {
  const children: FakeChild[] = [];
  const stream: Exec['stream'] = (_, handlers) => {
    const child: FakeChild = { handlers, written: [], stopped: false };
    children.push(child);
    return {
      write: (text) => void child.written.push(JSON.parse(text)),
      stop: () => {
        child.stopped = true;
        return Promise.resolve();
      },
    };
  };
  return { exec: { run: () => Promise.reject(new Error('nothing is run')), stream }, children };
}

describe('the prober and its child', () => {
  let samples: ProbeSample[];
  let reasons: string[];
  let children: FakeChild[];
  let prober: ReturnType<typeof createProber>;
  const child = (): FakeChild => children.at(-1)!;

  beforeEach(() => {
    jest.useFakeTimers();
    [samples, reasons] = [[], []];
    const fake = fakeExec();
    children = fake.children;
    prober = createProber({ exec: fake.exec, argv: ['node', 'prober.js'] });
    prober.start({ sample: (sample) => samples.push(sample), broken: (reason) => reasons.push(reason) });
  });
  afterEach(async () => {
    await prober.stop();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  test('hands the whole list over, at the start and at every change', () => {
    prober.configure([SPEC]);
    prober.configure([]);
    expect(child().written).toEqual([{ probes: [] }, { probes: [SPEC] }, { probes: [] }]);
  });

  test('hands samples on', () => {
    const sample = { customer: 'acme', tunnel: 'us', outcome: 'answered', at: 12.5, roundTrip: 3 } as const;
    child().handlers.line(JSON.stringify({ samples: [sample, { ...sample, outcome: 'unsent', detail: 'no device' }] }));
    expect(samples.map(({ outcome }) => outcome)).toEqual(['answered', 'unsent']);
    expect(samples[0]).toEqual(sample);
  });

  test('a child that dies is reported, and started again with the list, later each time', () => {
    prober.configure([SPEC]);
    child().handlers.ended('node: killed by SIGKILL');
    expect(reasons).toEqual(['the prober ended: node: killed by SIGKILL']);
    jest.advanceTimersByTime(199);
    expect(children).toHaveLength(1);
    jest.advanceTimersByTime(1);
    expect(child().written).toEqual([{ probes: [SPEC] }]);
    child().handlers.ended('again');
    jest.advanceTimersByTime(399);
    expect(children).toHaveLength(2);
    jest.advanceTimersByTime(1);
    expect(children).toHaveLength(3);
  });

  test('a child that falls silent is stopped and replaced', () => {
    child().handlers.line('{"samples":[]}');
    jest.advanceTimersByTime(5_000);
    expect(reasons).toEqual(['the prober has been silent for 5 s']);
    expect(children[0]?.stopped).toBe(true);
    jest.advanceTimersByTime(200);
    expect(children).toHaveLength(2);
  });

  test('the first word may take long, as on an emulated machine', () => {
    jest.advanceTimersByTime(30_000);
    expect(reasons).toEqual([]);
    jest.advanceTimersByTime(1_000);
    expect(reasons).toEqual(['the prober has been silent for 31 s']);
    expect(children[0]?.stopped).toBe(true);
  });

  test('an empty batch is a sign of life', () => {
    for (let second = 0; second < 10; second++) {
      jest.advanceTimersByTime(1_000);
      child().handlers.line('{"samples":[]}');
    }
    expect(reasons).toEqual([]);
  });

  test.each(['nonsense', '{"samples":[{"customer":"acme"}]}', '{"samples":7}'])('%s breaks it', (line) => {
    child().handlers.line(line);
    expect(reasons).toEqual(['the prober said something that is not understood']);
  });

  test('last words are the reason', () => {
    child().handlers.line('{"broken":"raw sockets are not permitted"}');
    child().handlers.ended('node: exit status 1');
    expect(reasons).toEqual(['the prober cannot work: raw sockets are not permitted']);
  });

  test('after stop nothing is heard of it', async () => {
    const last = child();
    await prober.stop();
    last.handlers.line('{"samples":[{"customer":"a","tunnel":"b","outcome":"lost","at":1}]}');
    last.handlers.ended('stopped');
    jest.advanceTimersByTime(60_000);
    expect([samples, reasons, children.length]).toEqual([[], [], 1]);
  });
});
