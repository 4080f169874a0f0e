/**
 * 1,000 checks every 200 ms on one core, beside a bare loop that does the same
 * I/O. `npm run bench:checks [SECONDS]`; everything stays inside an anchor.
 * The services run in a process of their own, which is not counted.
 */
import { cpus, loadavg, release } from 'node:os';
import { createChecker } from '../../src/drivers/check/checker.js';
import { address } from '../../src/model/address.js';
import type { ActiveProbe, CheckSample, CheckSpec } from '../../src/model/check.js';
import { fnv1a } from '../../src/model/naming.js';
import { openAnchor, type Anchor } from '../kernel-anchor.js';

const SECONDS = Number(process.argv[2] ?? 20);
const INTERVAL_MS = 200;
const WARM_UP_MS = 3_000;
const MIX = { icmp: 700, tcp: 250, http: 50 } as const;
const BUILT = new URL('../..', import.meta.url).pathname;
/** Checker and bare loop: one core, before whatever else the machine is doing; services and parent have the others. */
const MEASURED = ['nice', '-n', '-20', 'taskset', '-c', '0'] as const;
const OTHERS = ['nice', '-n', '-20', 'taskset', '-c', cpus().length > 1 ? `1-${cpus().length - 1}` : '0'] as const;

const target = address('127.0.0.1');
const spec = (key: string, probe: ActiveProbe, intervalMs = INTERVAL_MS): CheckSpec => ({
  key,
  probe,
  netns: '',
  remote: false,
  intervalMs,
  timeoutMs: intervalMs,
  phaseMs: fnv1a(key) % intervalMs,
});
const many = (count: number, what: string, probe: ActiveProbe, intervalMs?: number): readonly CheckSpec[] =>
  Array.from({ length: count }, (_, i) => spec(`bench/${what}-${i}`, probe, intervalMs));
const web = { kind: 'http', target, path: '/200', status: [200] } as const;

const MIXED = [
  ...many(MIX.icmp, 'icmp', { kind: 'icmp', target }),
  ...many(MIX.tcp, 'tcp', { kind: 'tcp', target, port: 7 }),
  ...many(MIX.http, 'http', { ...web, port: 80 }),
];
const HTTPS = many(50, 'https', { ...web, port: 443, tls: { verify: false } });
const EXEC = many(10, 'exec', { kind: 'exec', command: ['/bin/true'] }, 1_000);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** User and system time of a process inside the anchor, in seconds; children that have ended included. */
async function cpuOf(anchor: Anchor, pid: string): Promise<number> {
  const stat = (await anchor.exec.run(['cat', `/proc/${pid}/stat`])).stdout;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0) / 100;
}

interface Figures {
  readonly childSeconds: number;
  readonly parentSeconds: number;
  readonly samples: number;
  readonly bad: number;
  readonly slips: readonly number[];
}

async function measured(anchor: Anchor, specs: readonly CheckSpec[]): Promise<Figures> {
  const checker = createChecker({ exec: anchor.exec, argv: [...MEASURED, 'node', `${BUILT}src/main/checker.js`] });
  const byKey = new Map(specs.map((one) => [one.key, one]));
  let samples: CheckSample[] = [];
  checker.configure(specs);
  checker.start({
    sample: (sample) => void samples.push(sample),
    broken: (reason) => console.error(reason),
  });
  await pause(WARM_UP_MS);
  const pid = (await anchor.exec.run(['pgrep', '-f', '^node .*main/checker.js'])).stdout.trim();
  const [childBefore, parentBefore] = [await cpuOf(anchor, pid), process.cpuUsage()];
  samples = [];
  await pause(SECONDS * 1_000);
  const { user, system } = process.cpuUsage(parentBefore);
  const childSeconds = (await cpuOf(anchor, pid)) - childBefore;
  await checker.stop();
  const slips = samples.map(({ check, sentAt }) => {
    const { phaseMs = 0, intervalMs = INTERVAL_MS } = byKey.get(check) ?? {};
    return (((sentAt - phaseMs) % intervalMs) + intervalMs) % intervalMs;
  });
  const bad = samples.filter(({ outcome }) => outcome !== 'ok').length;
  return {
    childSeconds,
    parentSeconds: (user + system) / 1e6,
    samples: samples.length,
    bad,
    slips: slips.sort((a, b) => a - b),
  };
}

const quantile = (sorted: readonly number[], share: number): string =>
  `${(sorted[Math.floor(share * (sorted.length - 1))] ?? NaN).toFixed(1)} ms`;

interface Floor {
  readonly cpuSeconds: number;
  readonly sent: number;
  readonly p50: number;
  readonly p99: number;
}

async function bare(anchor: Anchor): Promise<Floor> {
  const args = [SECONDS, MIX.icmp, MIX.tcp, MIX.http, INTERVAL_MS].map(String);
  const argv = [...MEASURED, 'node', `${BUILT}test/bench/bare-probes.js`, ...args] as const;
  const { stdout, stderr } = await anchor.exec.run(argv, { timeoutMs: SECONDS * 1_000 + 20_000 });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Floor;
}

const anchor = await openAnchor();
try {
  const certificate =
    'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=bench -keyout /run/key.pem -out /run/cert.pem';
  await anchor.exec.run(['sh', '-c', certificate]);
  await new Promise<void>((resolve, reject) => {
    const program = ['node', `${BUILT}test/drivers/check/responders.js`, '127.0.0.1', '/run/cert.pem', '/run/key.pem'];
    anchor.exec.stream([...OTHERS, ...program], { line: () => resolve(), ended: (why) => reject(new Error(why)) });
  });
  const row = (what: string, figures: Figures): void => {
    const { childSeconds, parentSeconds, samples, bad, slips } = figures;
    const share = `${((100 * childSeconds) / SECONDS).toFixed(1)} %`;
    const each = `${((1e6 * childSeconds) / samples).toFixed(0)} µs`;
    console.log(
      `| ${what} | ${samples} (${bad} not ok) | ${childSeconds.toFixed(2)} s (${share}) | ${each} | ${parentSeconds.toFixed(2)} s | ${quantile(slips, 0.5)} | ${quantile(slips, 0.99)} |`,
    );
  };
  const load = () => loadavg()[0]?.toFixed(1) ?? '';
  console.log(`Node ${process.version}, Linux ${release()}, ${cpus().length} cores, load ${load()}\n`);
  console.log('| what | samples | CPU of the checker | per probe | CPU of its owner | slip p50 | slip p99 |');
  console.log('|---|---|---|---|---|---|---|');
  for (const run of [1, 2]) {
    const floor = await bare(anchor);
    const engine = await measured(anchor, MIXED);
    row(`700 icmp, 250 tcp, 50 http at 200 ms, run ${run}`, engine);
    const ratio = engine.childSeconds / engine.samples / (floor.cpuSeconds / floor.sent);
    console.log(
      `| bare loop, run ${run} | ${floor.sent} | ${floor.cpuSeconds.toFixed(2)} s | ${((1e6 * floor.cpuSeconds) / floor.sent).toFixed(0)} µs | ratio ${ratio.toFixed(2)} | ${floor.p50.toFixed(1)} ms | ${floor.p99.toFixed(1)} ms |`,
    );
  }
  row('50 https at 200 ms', await measured(anchor, HTTPS));
  row('10 exec at 1 s', await measured(anchor, EXEC));
} finally {
  await anchor.close();
}
process.exit(0);
