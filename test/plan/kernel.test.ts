import fc from 'fast-check';
import { desiredKernel } from '../../src/decide/kernel.js';
import { address, prefix } from '../../src/model/address.js';
import type { Customer, Fleet } from '../../src/model/fleet.js';
import type { TunnelHealth } from '../../src/model/health.js';
import type { Hashing, KernelDesired, KernelOp } from '../../src/model/kernel.js';
import { addressKey, nexthopKey, sysctlKey } from '../../src/model/kernel-order.js';
import { netnsOf } from '../../src/model/naming.js';
import { planKernel } from '../../src/plan/kernel.js';
import { acme, acmeFleet, amsS1, globex } from '../acme.js';
import { FakeKernel } from './fake-kernel.js';
import { DAMAGES } from './damages.js';

const initech: Customer = {
  ...globex,
  name: 'initech',
  prefixes: [{ prefix: prefix('198.19.8.0/24'), advertise: true }],
  routes: [],
};
const everyone: Fleet = { ...acmeFleet, customers: [acme, globex, initech] };

function desire(
  fleet: Fleet,
  health: (tunnel: string) => TunnelHealth = () => 'up',
  hashing: Hashing['kind'] = 'resilient',
): KernelDesired {
  const rulesets = ['', ...fleet.customers.map(({ name }) => netnsOf(name))].map((netns) => ({
    netns,
    ruleset: `table for ${netns}, ${fleet.customers.length} customers`,
  }));
  return desiredKernel(amsS1(fleet), { tunnelHealth: (_, tunnel) => health(tunnel), rulesets, hashing });
}

const kernelFor = (desired: KernelDesired): FakeKernel =>
  new FakeKernel(
    ['eth1'],
    desire(everyone).sysctls,
    new Map(desired.rulesets.map(({ netns, ruleset }) => [netns, ruleset])),
  );

const fleets: fc.Arbitrary<Fleet> = fc
  .record({
    customers: fc.subarray([acme, globex, initech]),
    mtu: fc.constantFrom(1476, 1400),
    v6: fc.boolean(),
    length: fc.constantFrom(31, 30),
    preference: fc.constantFrom(7700, 7701),
  })
  .map(({ customers, mtu, v6, length, preference }) => ({
    ...everyone,
    provider: {
      ...everyone.provider,
      icmpSource: { v4: address('192.0.2.2'), ...(v6 ? { v6: address('2001:db8:e::2') } : {}) },
    },
    kernel: { ...everyone.kernel, rulePreference: preference },
    customers: customers.map((customer) => ({
      ...customer,
      tunnels: customer.tunnels.map((tunnel) => ({ ...tunnel, mtu, inner: { ...tunnel.inner, length } })),
    })),
  }));

const desires: fc.Arbitrary<KernelDesired> = fc
  .tuple(
    fleets,
    fc.constantFrom<TunnelHealth>('up', 'down', 'unknown'),
    fc.constantFrom<TunnelHealth>('up', 'down'),
    fc.constantFrom<Hashing['kind']>('resilient', 'resilient', 'threshold'),
  )
  .map(([fleet, us, eu, hashing]) => desire(fleet, (tunnel) => (tunnel === 'us' ? us : eu), hashing));

const damages = fc.array(fc.tuple(fc.constantFrom(...Object.keys(DAMAGES)), fc.nat()), { maxLength: 8 });

/** An earlier fleet, applied up to some operation, then damaged. */
const histories = fc.record({ earlier: desires, share: fc.constantFrom(0, 0.3, 0.7, 1), damages });

function kernelAfter(
  history: { earlier: KernelDesired; share: number; damages: [string, number][] },
  desired: KernelDesired,
): FakeKernel {
  const kernel = kernelFor(desired);
  const made = planKernel(history.earlier, kernel.observe(), { prune: false });
  kernel.apply(made.slice(0, Math.floor(made.length * history.share)));
  for (const [name, seed] of history.damages) {
    DAMAGES[name]?.(kernel, (items) => {
      const all = [...items];
      return all[seed % Math.max(1, all.length)];
    });
  }
  return kernel;
}

const isDeletion = ({ kind }: KernelOp): boolean => kind.endsWith('-delete');

function keysOf(desired: KernelDesired): ReadonlySet<string> {
  return new Set([
    ...desired.addresses.map(addressKey),
    ...desired.nexthops.map(nexthopKey),
    ...desired.rules.map(({ family, iif }) => `${family} ${iif}`),
  ]);
}

/** Whether a deletion makes room for something wanted under the same key. */
function makesRoom(op: KernelOp, wanted: ReadonlySet<string>): boolean {
  if (op.kind === 'address-delete') return wanted.has(addressKey(op.address));
  if (op.kind === 'nexthop-delete') return wanted.has(nexthopKey(op));
  return op.kind === 'rule-delete' && wanted.has(`${op.rule.family} ${op.rule.iif}`);
}

const runs = { numRuns: 150 };

test('one plan reaches the desired state from anywhere; the next is empty', () => {
  fc.assert(
    fc.property(desires, histories, (desired, history) => {
      const kernel = kernelAfter(history, desired);
      kernel.apply(planKernel(desired, kernel.observe(), { prune: false }));
      expect(planKernel(desired, kernel.observe(), { prune: false })).toEqual([]);
      const values = new Map(kernel.observe().sysctls.map((sysctl) => [sysctlKey(sysctl), sysctl.value]));
      expect(desired.sysctls.filter((sysctl) => values.get(sysctlKey(sysctl)) !== sysctl.value)).toEqual([]);
    }),
    runs,
  );
});

test('pruned, exactly the desired state is left', () => {
  fc.assert(
    fc.property(desires, histories, (desired, history) => {
      const kernel = kernelAfter(history, desired);
      kernel.apply(planKernel(desired, kernel.observe(), { prune: true }));
      const { uplinks: _, sysctls: __, rulesets, ...observed } = kernel.observe();
      const { sysctls: ___, rulesets: wantedRulesets, ...wanted } = desired;
      expect(observed).toEqual(wanted);
      expect(rulesets.map(({ netns, state }) => [netns, state])).toEqual(
        wantedRulesets.map(({ netns }) => [netns, 'equal']),
      );
      expect(planKernel(desired, kernel.observe(), { prune: true })).toEqual([]);
    }),
    runs,
  );
});

test('without prune nothing goes but what stands in the way', () => {
  fc.assert(
    fc.property(desires, histories, (desired, history) => {
      const kernel = kernelAfter(history, desired);
      const wanted = keysOf(desired);
      const deletions = planKernel(desired, kernel.observe(), { prune: false }).filter(isDeletion);
      expect(deletions.filter((op) => !makesRoom(op, wanted))).toEqual([]);
    }),
    runs,
  );
});

test('the firewall stands before tunnels, tunnels before routes, routes before the rules that lead to them', () => {
  const desired = desire(everyone);
  const kinds = planKernel(desired, kernelFor(desired).observe(), { prune: false }).map(({ kind }) => kind);
  const stages = [
    'sysctl-set',
    'namespace-add',
    'ruleset-replace',
    'veth-add',
    'tunnel-add',
    'address-add',
    'nexthop-replace',
    'route-replace',
    'rule-add',
  ];
  const firsts = stages.map((kind) => kinds.indexOf(kind as KernelOp['kind']));
  expect(firsts).toEqual([...firsts].sort((a, b) => a - b));
  expect(kinds.lastIndexOf('ruleset-replace')).toBeLessThan(kinds.indexOf('veth-add'));
  expect(kinds.lastIndexOf('route-replace')).toBeLessThan(kinds.indexOf('rule-add'));
});

test('deletion runs the other way round', () => {
  const nothing = desire({ ...everyone, customers: [] });
  const kernel = kernelFor(nothing);
  kernel.apply(planKernel(desire(everyone), kernel.observe(), { prune: false }));
  const kinds = planKernel(nothing, kernel.observe(), { prune: true })
    .map(({ kind }) => kind)
    .filter((kind) => kind.endsWith('delete'));
  expect([...new Set(kinds)]).toEqual(['route-delete', 'tunnel-delete', 'veth-delete', 'namespace-delete']);
});

test('a setting that the kernel does not have is not written', () => {
  const desired = desire(everyone);
  const kernel = kernelFor(desired);
  kernel.apply(planKernel(desired, kernel.observe(), { prune: false }));
  kernel.sysctls.delete(' net.ipv4.conf.eth1.rp_filter');
  expect(planKernel(desired, kernel.observe(), { prune: false })).toEqual([]);
});
