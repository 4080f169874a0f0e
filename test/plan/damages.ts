/** What others do to a kernel behind our back. */
import { address, prefix } from '../../src/model/address.js';
import type { Hashing, NexthopState } from '../../src/model/kernel.js';
import { addressKey, nexthopKey, routeKey, ruleKey, sysctlKey, tunnelKey } from '../../src/model/kernel-order.js';
import type { FakeKernel } from './fake-kernel.js';

/** One thing that somebody does to a kernel behind our back. `pick` chooses among what is there. */
export type Damage = (kernel: FakeKernel, pick: <T>(items: Iterable<T>) => T | undefined) => void;

export const DAMAGES: Readonly<Record<string, Damage>> = {
  'namespace gone': (k, pick) => onSome(pick(k.namespaces.keys()), (name) => k.dropNamespace(name)),
  'veth gone': (k, pick) => onSome(pick(k.veths.keys()), (name) => k.dropVeth(name)),
  'veth not ready': (k, pick) =>
    onSome(pick(k.veths.values()), (veth) => k.veths.set(veth.name, { ...veth, ready: false })),
  'address gone': (k, pick) => onSome(pick(k.addresses.values()), (own) => k.dropAddress(own)),
  'address of another length': (k, pick) =>
    onSome(pick(k.addresses.values()), (own) => k.addresses.set(addressKey(own), { ...own, length: own.length - 2 })),
  'unwanted address': (k, pick) =>
    onSome(pick(k.namespaces.keys()), (netns) => {
      const own = { netns, device: 'lo', address: address('192.0.2.99'), length: 32 };
      k.addresses.set(addressKey(own), own);
    }),
  'rule gone': (k, pick) => onSome(pick(k.rules.keys()), (key) => k.rules.delete(key)),
  'rule to another table': (k, pick) =>
    onSome(pick(k.rules.values()), (rule) => {
      k.rules.delete(ruleKey(rule));
      const wrong = { ...rule, table: 100 };
      k.rules.set(ruleKey(wrong), wrong);
    }),
  'rule for an uplink that is none': (k, pick) =>
    onSome(pick(k.rules.values()), (rule) => k.rules.set(ruleKey({ ...rule, iif: 'eth9' }), { ...rule, iif: 'eth9' })),
  'route gone': (k, pick) => onSome(pick(k.routes.keys()), (key) => k.routes.delete(key)),
  'route unreachable': (k, pick) =>
    onSome(pick(k.routes.values()), (route) =>
      k.routes.set(routeKey(route), { ...route, target: { kind: 'unreachable' } }),
    ),
  'unwanted route': (k, pick) =>
    onSome(pick(k.routes.values()), (route) => {
      const extra = {
        ...route,
        family: 4 as const,
        destination: prefix('100.64.0.0/10'),
        target: { kind: 'unreachable' } as const,
      };
      k.routes.set(routeKey(extra), extra);
    }),
  'nexthop gone': (k, pick) => onSome(pick(k.nexthops.values()), ({ netns, id }) => k.dropNexthop(netns, id)),
  'group of one': (k, pick) =>
    onSome(pick(k.nexthops.values()), (nexthop) => {
      const { target } = nexthop;
      if (target.kind === 'device') return;
      k.nexthops.set(nexthopKey(nexthop), {
        ...nexthop,
        target: { ...target, members: target.members.slice(0, 1) },
      });
    }),
  'device where a group was': (k, pick) =>
    onSome(pick(groupsOf(k)), (group) =>
      k.nexthops.set(nexthopKey(group), { ...group, target: { kind: 'device', device: 'edge0' } }),
    ),
  'group of another sort': (k, pick) => onSome(pick(groupsOf(k)), (group) => rehash(k, group, { kind: 'threshold' })),
  'group of another size': (k, pick) =>
    onSome(pick(groupsOf(k)), (group) => rehash(k, group, { ...HASHED, buckets: HASHED.buckets * 2 })),
  'other timers': (k, pick) =>
    onSome(pick(groupsOf(k)), (group) => {
      const { target } = group;
      if (target.kind === 'group' && target.hashing.kind === 'resilient')
        rehash(k, group, { ...target.hashing, idleTimer: 120 });
    }),
  'nexthop of the other family': (k, pick) =>
    onSome(pick(k.nexthops.values()), (nexthop) =>
      k.nexthops.set(nexthopKey(nexthop), { ...nexthop, family: nexthop.family === 4 ? 6 : 4 }),
    ),
  'tunnel gone': (k, pick) => onSome(pick(k.tunnels.values()), ({ netns, name }) => k.dropDevice(netns, name)),
  'tunnel down': (k, pick) =>
    onSome(pick(k.tunnels.values()), (tunnel) => k.tunnels.set(tunnelKey(tunnel), { ...tunnel, up: false })),
  'setting turned': (k, pick) =>
    onSome(pick(k.sysctls.values()), (sysctl) => k.sysctls.set(sysctlKey(sysctl), { ...sysctl, value: '9' })),
  'table gone': (k, pick) => onSome(pick(k.rulesets.keys()), (netns) => k.rulesets.delete(netns)),
  'table changed': (k, pick) => onSome(pick(k.rulesets.keys()), (netns) => k.rulesets.set(netns, 'somebody else’s')),
};

/** As a prefix of few weights has it. */
const HASHED = { kind: 'resilient', buckets: 128, idleTimer: 10, unbalancedTimer: 300 } as const;

const groupsOf = (k: FakeKernel): readonly NexthopState[] =>
  [...k.nexthops.values()].filter(({ target }) => target.kind === 'group');

function rehash(k: FakeKernel, group: NexthopState, hashing: Hashing): void {
  if (group.target.kind === 'group')
    k.nexthops.set(nexthopKey(group), { ...group, target: { ...group.target, hashing } });
}

function onSome<T>(item: T | undefined, act: (item: T) => unknown): void {
  if (item !== undefined) act(item);
}
