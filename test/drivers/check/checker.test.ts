import { jest } from '@jest/globals';
import { SampleBatch } from '../../../src/drivers/check/batch.js';
import { createChecker } from '../../../src/drivers/check/checker.js';
import { checkList, rowOf, type SampleRow } from '../../../src/drivers/check/lines.js';
import { address } from '../../../src/model/address.js';
import type { CheckSample, CheckSpec } from '../../../src/model/check.js';
import type { Exec, StreamHandlers } from '../../../src/ports/exec.js';

const spec = (key: string): CheckSpec => ({
  key,
  probe: { kind: 'tcp', target: address('127.0.0.1'), port: 7 },
  netns: '',
  remote: false,
  intervalMs: 200,
  timeoutMs: 200,
  phaseMs: 3,
});
const [web, dns] = [spec('customers/acme/web'), spec('provider/dns')];
const ok = (check: string): CheckSample => ({ check, outcome: 'ok', sentAt: 12.5, took: 0.25 });

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
      write: (text) => void child.written.push(checkList.parse(JSON.parse(text))),
      stop: () => {
        child.stopped = true;
        return Promise.resolve();
      },
    };
  };
  return { exec: { run: () => Promise.reject(new Error('nothing is run')), stream }, children };
}

describe('the checker and its child', () => {
  let samples: CheckSample[];
  let reasons: string[];
  let children: FakeChild[];
  let checker: ReturnType<typeof createChecker>;
  const child = (): FakeChild => children.at(-1)!;
  const says = (list: number, rows: readonly SampleRow[]) => child().handlers.line(JSON.stringify({ list, rows }));

  beforeEach(() => {
    jest.useFakeTimers();
    [samples, reasons] = [[], []];
    const fake = fakeExec();
    children = fake.children;
    checker = createChecker({ exec: fake.exec, argv: ['node', 'checker.js'] });
    checker.start({ sample: (sample) => samples.push(sample), broken: (reason) => reasons.push(reason) });
  });
  afterEach(async () => {
    await checker.stop();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  test('without checks there is no child; each list is handed over whole', () => {
    expect(children).toHaveLength(0);
    checker.configure([web]);
    checker.configure([dns]);
    expect(child().written).toEqual([
      { list: 1, checks: [web] },
      { list: 2, checks: [dns] },
    ]);
  });

  test('hands samples on, by the list they were made from', () => {
    checker.configure([web, dns]);
    checker.configure([dns]);
    says(1, [rowOf(1, { ...ok('provider/dns'), outcome: 'failed', detail: 'connection refused' })]);
    says(2, [rowOf(0, ok('provider/dns')), rowOf(7, ok('nobody'))]);
    says(1, [rowOf(0, ok('customers/acme/web'))]); // of a list that has been left behind
    expect(samples).toEqual([
      { ...ok('provider/dns'), outcome: 'failed', detail: 'connection refused' },
      ok('provider/dns'),
    ]);
  });

  test('a child that dies is reported, and started again with the list, later each time', () => {
    checker.configure([web]);
    child().handlers.ended('node: killed by SIGKILL');
    expect(reasons).toEqual(['the checker ended: node: killed by SIGKILL']);
    jest.advanceTimersByTime(199);
    expect(children).toHaveLength(1);
    jest.advanceTimersByTime(1);
    expect(child().written).toEqual([{ list: 2, checks: [web] }]);
    child().handlers.ended('again');
    jest.advanceTimersByTime(399);
    expect(children).toHaveLength(2);
    jest.advanceTimersByTime(1);
    expect(children).toHaveLength(3);
  });

  test('a list that comes while there is no child waits for the next one', () => {
    checker.configure([web]);
    child().handlers.ended('x');
    checker.configure([dns]);
    jest.advanceTimersByTime(200);
    expect(children).toHaveLength(2);
    expect(child().written).toEqual([{ list: 2, checks: [dns] }]);
  });

  test('a child that says nothing is stopped and replaced; an empty batch is a sign of life', () => {
    checker.configure([web]);
    for (let second = 0; second < 10; second++) {
      jest.advanceTimersByTime(1_000);
      says(0, []);
    }
    expect(reasons).toEqual([]);
    jest.advanceTimersByTime(5_000);
    expect(reasons).toEqual(['the checker has been silent for 5 s']);
    expect(children[0]?.stopped).toBe(true);
  });

  test('the first word may take long, as on an emulated machine', () => {
    checker.configure([web]);
    jest.advanceTimersByTime(30_000);
    expect(reasons).toEqual([]);
    jest.advanceTimersByTime(1_000);
    expect(reasons).toEqual(['the checker has been silent for 31 s']);
  });

  test.each(['nonsense', 'null', '{"list":1,"rows":[[0,0,1]]}', '{"list":1,"rows":[[0,3,1,1]]}', '{"rows":[]}'])(
    '%s breaks it',
    (line) => {
      checker.configure([web]);
      child().handlers.line(line);
      expect(reasons).toEqual(['the checker said something that is not understood']);
    },
  );

  test('last words are the reason; after stop nothing is heard', async () => {
    checker.configure([web]);
    child().handlers.line('{"broken":"raw sockets are not permitted"}');
    expect(reasons).toEqual(['the checker cannot work: raw sockets are not permitted']);
    await checker.stop();
    jest.advanceTimersByTime(60_000);
    expect(children).toHaveLength(1);
  });
});

describe('samples in batches', () => {
  let lines: { list: number; places: number[] }[];
  let batch: SampleBatch;

  beforeEach(() => {
    jest.useFakeTimers();
    lines = [];
    batch = new SampleBatch((list, rows) => lines.push({ list, places: rows.map(([place]) => place) }));
    batch.follow(1, [web, dns]);
  });
  afterEach(() => {
    batch.close();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  test('what is news travels at once, and takes the rest along; a success like the last waits for company', () => {
    batch.add(ok(web.key));
    jest.advanceTimersByTime(0);
    expect(lines).toEqual([{ list: 1, places: [0] }]);
    batch.add(ok(web.key));
    batch.add(ok(web.key));
    jest.advanceTimersByTime(99);
    expect(lines).toHaveLength(1);
    batch.add({ ...ok(dns.key), outcome: 'failed' });
    jest.advanceTimersByTime(0);
    expect(lines[1]).toEqual({ list: 1, places: [0, 0, 1] });
    batch.add({ ...ok(dns.key), outcome: 'failed' });
    jest.advanceTimersByTime(0);
    expect(lines).toHaveLength(3);
    batch.add(ok(web.key));
    jest.advanceTimersByTime(100);
    expect(lines).toHaveLength(4);
  });

  test('a new list first sends what belongs to the old one', () => {
    batch.add(ok(dns.key));
    batch.follow(2, [dns]);
    batch.add(ok(dns.key));
    batch.add(ok(web.key)); // gone
    jest.advanceTimersByTime(100);
    expect(lines).toEqual([
      { list: 1, places: [1] },
      { list: 2, places: [0] },
    ]);
  });
});
