/** What a new epoch finds on the wire, and whether the agent's own fleet may replace it. */
import { FleetInForce } from '../../src/engine/agent-fleet.js';
import { prefix } from '../../src/model/address.js';
import type { WirePrefix, WireState } from '../../src/model/lease.js';
import type { ReasonCode } from '../../src/model/reason.js';
import { acmeFleet, amsS1 } from '../acme.js';

const careful = amsS1({ ...acmeFleet, safety: { ...acmeFleet.safety, maxWithdrawnShare: 0.25 } });

const stands = (text: string): WirePrefix => ({
  ...{ prefix: prefix(text), asked: 'full', level: 'full', held: 'full', settled: false },
  reasons: [{ code: 'healthy' }],
});
const leaves = (text: string, code: ReasonCode): WirePrefix => ({
  ...{ prefix: prefix(text), asked: 'full', level: 'withdrawn', held: 'withdrawn', settled: true },
  reasons: [{ code }],
});
const wireOf = (...prefixes: readonly WirePrefix[]): WireState => ({
  ...{ speaker: 'ready', generation: acmeFleet.generation, agent: 'leased', drain: 'in-service' },
  ...{ peers: [], reports: [], prefixes: [stands('203.0.113.0/24'), ...prefixes] },
});
const obstacleTo = (wire: WireState): string | undefined => {
  const fleet = new FleetInForce({ view: careful, rulesets: [] });
  fleet.adopt(wire);
  return fleet.obstacle;
};

const STRANGE = ['8.8.8.0/24', '9.9.9.0/24'];

it('does not replace what stands when its fleet names little of it', () => {
  expect(obstacleTo(wireOf(...STRANGE.map(stands)))).toMatch(/not put into force: it drops 2 of 3 announced prefixes/);
});

it.each<ReasonCode>(['left-fleet', 'not-allowed'])('loses nothing in what is off the wire as %s', (code) => {
  expect(obstacleTo(wireOf(...STRANGE.map((text) => leaves(text, code))))).toBeUndefined();
});
