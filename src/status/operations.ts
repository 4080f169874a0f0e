/** Operations in the words of the tools that operators know. */
import type { Hashing, KernelOp, Netns, NexthopTarget, RouteTarget } from '../model/kernel.js';

const where = (netns: Netns): string => (netns === '' ? '' : ` in ${netns}`);

function target(to: RouteTarget): string {
  switch (to.kind) {
    case 'unreachable':
      return 'unreachable';
    case 'via':
      return `${to.via === undefined ? '' : `via ${to.via} `}dev ${to.device}${to.source === undefined ? '' : ` src ${to.source}`}`;
    case 'nexthop':
      return `nhid ${to.id}`;
  }
}

const nexthop = (to: NexthopTarget): string =>
  to.kind === 'device'
    ? `dev ${to.device}`
    : `group ${to.members.map(({ id, weight }) => `${id},${weight}`).join('/')}${hashing(to.hashing)}`;

const hashing = (by: Hashing): string =>
  by.kind === 'threshold'
    ? ''
    : ` type resilient buckets ${by.buckets} idle_timer ${by.idleTimer} unbalanced_timer ${by.unbalancedTimer}`;

type Describer = { readonly [K in KernelOp['kind']]: (op: Extract<KernelOp, { kind: K }>) => string };

const DESCRIBE: Describer = {
  'sysctl-set': ({ sysctl }) => `set ${sysctl.key}=${sysctl.value}${where(sysctl.netns)}`,
  'namespace-add': ({ namespace }) => `add namespace ${namespace.name}`,
  'namespace-delete': ({ name }) => `delete namespace ${name}`,
  'veth-add': ({ veth }) => `add veth ${veth.name} to ${veth.netns}`,
  'veth-repair': ({ veth }) => `repair veth ${veth.name} to ${veth.netns}`,
  'veth-delete': ({ name }) => `delete veth ${name}`,
  'address-add': ({ address: a }) => `add address ${a.address}/${a.length} dev ${a.device}${where(a.netns)}`,
  'address-delete': ({ address: a }) => `delete address ${a.address}/${a.length} dev ${a.device}${where(a.netns)}`,
  'tunnel-add': ({ tunnel: t }) => `add tunnel ${t.name} ${t.local} -> ${t.remote}${where(t.netns)}`,
  'tunnel-repair': ({ tunnel: t }) => `repair tunnel ${t.name} ${t.local} -> ${t.remote}${where(t.netns)}`,
  'tunnel-delete': ({ netns, name }) => `delete tunnel ${name}${where(netns)}`,
  'nexthop-replace': ({ nexthop: n }) => `set nexthop ${n.id} ${nexthop(n.target)}${where(n.netns)}`,
  'nexthop-delete': ({ netns, id }) => `delete nexthop ${id}${where(netns)}`,
  'route-replace': ({ route: r }) => `set route ${r.destination} ${target(r.target)} table ${r.table}${where(r.netns)}`,
  'route-delete': ({ route: r }) => `delete route ${r.destination} table ${r.table}${where(r.netns)}`,
  'rule-add': ({ rule: r }) =>
    `add IPv${r.family} rule fwmark ${hex(r.mark)}/${hex(r.mask)} iif ${r.iif} table ${r.table}`,
  'rule-delete': ({ rule: r }) =>
    `delete IPv${r.family} rule fwmark ${hex(r.mark)}/${hex(r.mask)} iif ${r.iif} table ${r.table}`,
  'ruleset-replace': ({ ruleset }) => `replace nft table culvert${where(ruleset.netns)}`,
  'ruleset-delete': ({ netns }) => `delete nft table culvert${where(netns)}`,
};

const hex = (value: number): string => `0x${value.toString(16)}`;

/** One line, without a full stop. */
export function describeOp<K extends KernelOp['kind']>(op: Extract<KernelOp, { kind: K }>): string {
  return DESCRIBE[op.kind](op);
}
