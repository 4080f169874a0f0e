import { z } from 'zod';
import { parseAddress } from '../../model/address.js';
import type { KernelOp, Netns, TunnelState } from '../../model/kernel.js';
import type { Exec } from '../../ports/exec.js';
import { KernelError, type TunnelDriver } from '../../ports/kernel.js';
import {
  batchEach,
  batchIn,
  byKey,
  dumpLinks,
  groupLines,
  isUp,
  settingLines,
  throughAll,
  type Link,
} from './links.js';

type TunnelOp = Extract<KernelOp, { kind: 'tunnel-add' | 'tunnel-repair' | 'tunnel-delete' }>;

/** On our devices, so that an operator's own GRE in the same namespace stays foreign. */
const ALIAS = 'culvert-gre';

/**
 * ip_gre, ip-link(8). Devices are created into the customer's namespace from
 * the default one, where their outside stays. DF of the outer packet is off
 * (`nopmtudisc`): with anycast the too-big goes to another server.
 */
export function createKernelTunnels(exec: Exec): TunnelDriver {
  return {
    kind: 'kernel',
    probe: () => probe(exec),
    observe: (namespaces) => observe(exec, namespaces),
    apply: (ops) => apply(exec, ops),
  };
}

async function probe(exec: Exec): ReturnType<TunnelDriver['probe']> {
  const gre = ['type', 'gre', 'local', '192.0.2.1', 'remote', '192.0.2.2', 'ttl', '64', 'nopmtudisc'];
  const { code, stderr } = await exec.run(['unshare', '--net', 'ip', 'link', 'add', 'probe0', ...gre]);
  return code === 0 ? { works: true } : { works: false, detail: `no ip_gre: ${stderr.trim().replaceAll('\n', '; ')}` };
}

/** IFLA_GRE_*: ip prints keys as dotted quads, and `any` for an end that is open. */
const greData = z.object({
  local: z.string(),
  remote: z.string(),
  ikey: z.string().optional(),
  okey: z.string().optional(),
});

async function observe(exec: Exec, namespaces: readonly Netns[]): Promise<readonly TunnelState[]> {
  const links = await dumpLinks(exec, namespaces, 'gre');
  return links.flatMap(({ netns, link }) => (link.ifalias === ALIAS ? tunnelFrom(netns, link) : [])).sort(byKey);
}

/** Empty for devices that we cannot have made: an end that is open, or two different keys. */
function tunnelFrom(netns: Netns, link: Link): readonly TunnelState[] {
  const data = greData.safeParse(link.linkinfo?.info_data);
  if (!data.success) return [];
  const [local, remote] = [parseAddress(data.data.local), parseAddress(data.data.remote)];
  const { ikey, okey } = data.data;
  if (local === undefined || remote === undefined || ikey !== okey) return [];
  const key = ikey === undefined ? undefined : numberOf(ikey);
  return [
    { netns, name: link.ifname, local, remote, ...(key !== undefined && { key }), mtu: link.mtu, up: isUp(link) },
  ];
}

/** `0.0.0.42` is 42. */
const numberOf = (quad: string): number => quad.split('.').reduce((value, part) => value * 256 + Number(part), 0);

/** In three strokes: deletions, creations from outside, settings inside. Names are unique, so nothing else depends on the order. */
async function apply(exec: Exec, ops: readonly TunnelOp[]): Promise<void> {
  const before = await everyGre(exec, new Set(ops.filter(({ kind }) => kind !== 'tunnel-repair').map(netnsOf)));
  const deletes = before.filter((device) => ops.some((op) => op.kind === 'tunnel-delete' && isSame(op, device)));
  const rest = before.filter((device) => !deletes.includes(device));
  const taken = rest.filter((device) => ops.some((op) => op.kind === 'tunnel-add' && isTaken(op.tunnel, device)));
  const ours = ops.filter((op) => op.kind === 'tunnel-delete' || !taken.some((device) => isSame(op.tunnel, device)));
  const missing = ours.flatMap((op) =>
    op.kind === 'tunnel-add' && !rest.some((device) => isSame(op.tunnel, device)) ? [op.tunnel] : [],
  );
  await throughAll([
    () =>
      batchEach(exec, groupLines(deletes.map(({ netns, name }) => ({ netns, lines: [`link delete dev ${name}`] })))),
    () => batchIn(exec, '', missing.map(creation)),
    () => batchEach(exec, groupLines(ours.map((op) => ({ netns: netnsOf(op), lines: settings(op) })))),
    ...taken.map((device) => () => Promise.reject(somebodyElses(device))),
  ]);
}

const netnsOf = (op: TunnelOp): Netns => (op.kind === 'tunnel-delete' ? op.netns : op.tunnel.netns);

interface Named {
  readonly netns: Netns;
  readonly name: string;
}

const isSame = (a: Named, b: Named): boolean => a.netns === b.netns && a.name === b.name;

/** All GRE devices in these namespaces, tagged or not. */
async function everyGre(exec: Exec, namespaces: ReadonlySet<Netns>): Promise<readonly TunnelState[]> {
  const links = await dumpLinks(exec, [...namespaces], 'gre');
  return links.flatMap(({ netns, link }) => tunnelFrom(netns, link));
}

/** Of the same name, yet leading elsewhere: not ours. One with equal ends is, because a creation before was cut short. */
const isTaken = (tunnel: TunnelState, device: TunnelState): boolean =>
  isSame(tunnel, device) && endsText(tunnel) !== endsText(device);

const somebodyElses = (device: TunnelState): KernelError =>
  new KernelError(
    'failed',
    `${device.name} in ${device.netns} is somebody else's (${endsText(device)}); remove or rename it`,
  );

const endsText = ({ local, remote, key }: TunnelState): string =>
  `local ${local} remote ${remote}${key === undefined ? '' : ` key ${key}`}`;

const creation = (tunnel: TunnelState): string =>
  `link add name ${tunnel.name} netns ${tunnel.netns} mtu ${tunnel.mtu} type gre ${endsText(tunnel)} ttl 64 nopmtudisc`;

function settings(op: TunnelOp): readonly string[] {
  if (op.kind === 'tunnel-delete') return [];
  const { name, key, local, remote } = op.tunnel;
  const ends = `local ${local} remote ${remote} ${key === undefined ? 'nokey' : `key ${key}`}`;
  return [
    ...(op.kind === 'tunnel-repair' ? [`link set dev ${name} type gre ${ends} ttl 64 nopmtudisc`] : []),
    `link set dev ${name} alias ${ALIAS}`,
    ...settingLines(op.tunnel),
  ];
}
