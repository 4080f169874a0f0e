/** A fleet so long that reading it would hold a process up: read by a thread of its own, and remembered for a process that comes back. */
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { FleetError, loadView } from '../../src/main/fleet-files.js';
import type { ServerView } from '../../src/model/fleet.js';

const PREFIXES = 6_000;

const prefixes = Array.from({ length: PREFIXES }, (_, n) => `20.${n >> 8}.${n & 255}.0/24`);

const fleet = (first = prefixes[0]!): string => `allowReserved: true
provider: { asn: 64500, endpoints: { gre4: 192.0.2.1 }, covering: [192.0.2.0/24], icmpSource: { v4: 192.0.2.2 } }
sites:
  ams:
    region: eu
    routers: { ams-r1: { asn: 64500, v4: 198.18.1.1 } }
    servers: { ams-s1: { v4: 198.18.1.11, uplinks: [eth1] } }
customers:
  acme:
    asn: 64512
    tunnels: { us: { remote: 198.51.100.66, inner: 10.255.0.0/31 } }
    prefixes: [${[first, ...prefixes.slice(1)].map((p) => `{ prefix: ${p}, advertise: true }`).join(', ')}]
    routes: [${prefixes.map((p) => `{ prefix: ${p}, tunnel: us, priority: 100, weight: 1 }`).join(', ')}]
`;

let folder: string;
let file: string;
let memo: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'culvert-fleet-'));
  [file, memo] = [join(folder, 'fleet.yaml'), join(folder, 'state', 'fleet.json')];
  await writeFile(file, fleet());
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const load = (): Promise<ServerView> => loadView(file, 'ams-s1', () => undefined, memo);
const named = ({ fleet: { customers } }: ServerView): number => customers[0]!.prefixes.length;

test('the event loop goes on while it is read, and what it was read as is kept for this user alone', async () => {
  expect(fleet().length).toBeGreaterThan(500_000);
  let beats = 0;
  const heart = setInterval(() => beats++, 10);
  const view = await load();
  clearInterval(heart);
  expect(named(view)).toBe(PREFIXES);
  expect(beats).toBeGreaterThan(5);
  expect((await stat(memo)).mode & 0o777).toBe(0o600);
}, 60_000);

test('the next one has it from there, and a change of the text is read', async () => {
  const view = await load();
  const kept = JSON.parse(await readFile(memo, 'utf8')) as { parsed: { fleet: { provider: { asn: number } } } };
  kept.parsed.fleet.provider.asn = 65_000;
  await writeFile(memo, JSON.stringify(kept));
  expect((await load()).fleet.provider.asn).toBe(65_000);
  await writeFile(file, `${fleet()}# another text\n`);
  const again = await load();
  expect(again.fleet).toEqual({ ...view.fleet, generation: again.fleet.generation });
  expect(again.fleet.generation).not.toBe(view.fleet.generation);
}, 60_000);

test.each(['', '{"key":', '[]', 'null'])(
  'a memo that holds %j is no memo',
  async (rubbish) => {
    await mkdir(dirname(memo));
    await writeFile(memo, rubbish);
    expect(named(await load())).toBe(PREFIXES);
  },
  60_000,
);

test('one that is refused is told with its place, and not kept', async () => {
  await writeFile(file, fleet('20.0.0.1/24'));
  const refusal: unknown = await load().catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(FleetError);
  expect(String(refusal)).toMatch(/fleet\.yaml:12:\d+.*20\.0\.0\.1\/24/);
  await expect(stat(memo)).rejects.toThrow('ENOENT');
}, 60_000);
