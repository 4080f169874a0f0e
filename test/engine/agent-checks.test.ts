import type { Check, CheckSample, CheckSpec } from '../../src/model/check.js';
import type { Customer, Fleet } from '../../src/model/fleet.js';
import { acme, acmeFleet, globex } from '../acme.js';
import { AgentWorld } from './agent-world.js';

const ACME = '203.0.113.0/24';
const GLOBEX = '198.19.7.0/24';
const COVERING = '192.0.2.0/24';

const check = (name: string, more: Partial<Check> = {}): Check => ({
  name,
  probe: { kind: 'tcp', target: 'self', port: 21 },
  inside: false,
  remote: false,
  onDown: 'withdraw',
  intervalMs: 200,
  timeoutMs: 200,
  rise: 2,
  fall: 2,
  ...more,
});

const fleetWith = (checks: readonly Check[], provider: readonly Check[] = [], more: Partial<Customer> = {}): Fleet => ({
  ...acmeFleet,
  provider: { ...acmeFleet.provider, checks: provider },
  customers: [{ ...acme, ...more, checks }, globex],
});

let world: AgentWorld;
afterEach(() => world.stop('keep'));
const begin = async (fleet: Fleet): Promise<void> => {
  world = new AgentWorld(fleet);
  await world.startAndSettle();
};
/** What every check ends like from now on. */
const ends = async (outcome: CheckSample['outcome'], ms: number): Promise<void> => {
  world.checked = () => outcome;
  await world.clock.advance(ms);
};

it('a local check that is down withdraws what it governs, nothing else, and no sooner than fall says', async () => {
  await begin(fleetWith([check('ftp')]));
  expect(world.wire(ACME)).toBe('full');
  const looks = world.observations;
  await ends('failed', 350);
  expect(world.wire(ACME)).toBe('full');
  await ends('failed', 60);
  expect([world.wire(ACME), world.levelOf(ACME), world.wire(GLOBEX)]).toEqual([
    'withdrawn',
    'withdrawn check-down',
    'full',
  ]);
  expect(world.agent.status().checks).toMatchObject([{ check: 'customers/acme/ftp', health: 'down' }]);
  expect(world.observations).toBeGreaterThan(looks);
  await ends('ok', 450);
  expect(world.levelOf(ACME)).toBe('degraded hold-down,healthy');
  await ends('ok', 800);
  expect(world.wire(ACME)).toBe('full');
});

it('leaves the wire without waiting for a look at the kernel', async () => {
  await begin(fleetWith([check('ftp')]));
  world.lookMs = 3_000;
  await ends('failed', 450);
  expect(world.wire(ACME)).toBe('withdrawn');
});

it.each<[string, Partial<Check>, string]>([
  ['that degrades', { onDown: 'degrade' }, 'degraded check-down'],
  ['that is ignored', { onDown: 'ignore' }, 'full healthy'],
])('one %s', async (_, more, level) => {
  await begin(fleetWith([check('ftp', more)]));
  await ends('failed', 600);
  expect(world.levelOf(ACME)).toBe(level);
});

it('a prefix waits for its first verdict', async () => {
  world = new AgentWorld(fleetWith([check('ftp')]));
  world.checked = () => undefined;
  await world.start();
  await world.clock.advance(5_000);
  expect([world.levelOf(ACME), world.wire(GLOBEX)]).toEqual(['withdrawn checks-pending', 'full']);
  await ends('ok', 500);
  expect(world.wire(ACME)).toBe('full');
});

it.each<[string, CheckSample['outcome'] | undefined]>([
  ['says nothing', undefined],
  ['cannot ask', 'unsent'],
])('a checker that %s keeps the level, then degrades it, and withdraws nothing', async (_, outcome) => {
  await begin(fleetWith([check('ftp')], [check('dns')]));
  world.checked = () => outcome;
  await world.clock.advance(20_000);
  expect([world.levelOf(ACME), world.levelOf(COVERING)]).toEqual([
    'full checks-unknown,checks-unknown',
    'full checks-unknown',
  ]);
  await world.clock.advance(20_000);
  expect([world.wire(ACME), world.wire(COVERING)]).toEqual(['degraded', 'degraded']);
  await ends('ok', 3_000);
  expect([world.wire(ACME), world.wire(COVERING)]).toEqual(['full', 'full']);
});

it("the provider's local checks govern everything", async () => {
  await begin(fleetWith([], [check('dns')]));
  await ends('failed', 600);
  expect([ACME, GLOBEX, COVERING].map((prefix) => world.wire(prefix))).toEqual(['withdrawn', 'withdrawn', 'withdrawn']);
});

it('a session that is down is a check that failed; a speaker that does not answer is none', async () => {
  await begin(fleetWith([], [check('router', { probe: { kind: 'bgp', router: 'ams-r1' }, onDown: 'degrade' })]));
  expect(world.wire(ACME)).toBe('full');
  world.guard.session = 'active';
  await world.clock.advance(1_000);
  expect([world.wire(ACME), world.levelOf(ACME)]).toEqual(['degraded', 'degraded check-down']);
  world.guard.session = 'established';
  await world.clock.advance(2_000);
  expect(world.wire(ACME)).toBe('full');
  world.guard.speaker = 'unreachable';
  await world.clock.advance(5_000);
  expect(world.levelOf(ACME)).toBe('full checks-unknown');
});

it('what is checked follows the fleet, and a check that asks the same goes on', async () => {
  await begin(fleetWith([check('ftp')]));
  expect(world.checkSpecs.map(({ key }: CheckSpec) => key)).toEqual(['customers/acme/ftp']);
  const next = { ...fleetWith([check('ftp', { fall: 9 }), check('web')]), generation: 'two' };
  expect(world.follow(next)).toBeUndefined();
  await world.clock.advance(10);
  expect(world.checkSpecs.map(({ key }) => key)).toEqual(['customers/acme/ftp', 'customers/acme/web']);
  expect(world.agent.status().checks.map(({ health }) => health)).toEqual(['up', 'unknown']);
  expect(world.levelOf(ACME)).toBe('full checks-unknown');
});
