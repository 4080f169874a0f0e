import type { KernelOp, Netns, TunnelState } from '../../model/kernel.js';
import { DEFAULT_NETNS, fnv1a } from '../../model/naming.js';
import type { Exec } from '../../ports/exec.js';
import { KernelError, type TunnelDriver } from '../../ports/kernel.js';
import type { Interface, Rtnetlink } from '../../ports/rtnetlink.js';
import { batchEach, batchIn, byKey, groupLines, settingLines, throughAll } from './links.js';

type TunnelOp = Extract<KernelOp, { kind: 'tunnel-add' | 'tunnel-repair' | 'tunnel-delete' }>;

/** On our devices, so that an operator's own GRE in the same namespace stays foreign. */
const ALIAS = 'culvert-gre';

/**
 * ip_gre, ip-link(8). A device is created in the default namespace, where its
 * outside stays, and moved into the customer's; created right there with
 * `netns`, kernels before 6.15 would put the outside there too. DF of the
 * outer packet is off (`nopmtudisc`): with anycast the too-big goes to another
 * server.
 */
export function createKernelTunnels(exec: Exec, rtnetlink: Rtnetlink): TunnelDriver {
  return {
    kind: 'kernel',
    probe: () => probe(exec),
    observe: (namespaces) => observe(rtnetlink, namespaces),
    apply: (ops) => apply(exec, rtnetlink, ops),
  };
}

async function probe(exec: Exec): ReturnType<TunnelDriver['probe']> {
  const gre = ['type', 'gre', 'local', '192.0.2.1', 'remote', '192.0.2.2', 'ttl', '64', 'nopmtudisc'];
  const { code, stderr } = await exec.run(['unshare', '--net', 'ip', 'link', 'add', 'probe0', ...gre]);
  return code === 0 ? { works: true } : { works: false, detail: `no ip_gre: ${stderr.trim().replaceAll('\n', '; ')}` };
}

async function observe(rtnetlink: Rtnetlink, namespaces: readonly Netns[]): Promise<readonly TunnelState[]> {
  const found = [...(await rtnetlink.interfaces(namespaces))];
  return found.flatMap(([netns, links]) => links.flatMap((link) => tunnelFrom(netns, link))).sort(byKey);
}

/** Empty for devices that we have not made: without our tag, with the outside inside, with an end open or two different keys. */
function tunnelFrom(netns: Netns, { name, alias, peer, gre, mtu, up }: Interface): readonly TunnelState[] {
  if (gre?.local === undefined || gre.remote === undefined || gre.inputKey !== gre.outputKey) return [];
  if (alias !== ALIAS || peer?.netnsid === undefined) return [];
  const { local, remote, inputKey: key } = gre;
  return [{ netns, name, local, remote, ...(key !== undefined && { key }), mtu, up }];
}

/** In three strokes: deletions, creations from outside, settings inside. Names are unique, so nothing else depends on the order. */
async function apply(exec: Exec, rtnetlink: Rtnetlink, ops: readonly TunnelOp[]): Promise<void> {
  const there = await look(rtnetlink, ops);
  const taken = ops.filter((op) => op.kind === 'tunnel-add' && there.foreign(op.tunnel));
  const ours = ops.filter((op) => !taken.includes(op));
  await throughAll([
    () => batchEach(exec, groupLines(ours.flatMap((op) => deletions(op, there)))),
    () =>
      batchIn(
        exec,
        DEFAULT_NETNS,
        ours.flatMap((op) => creation(op, ours, there)),
      ),
    () => batchEach(exec, groupLines(ours.flatMap((op) => settings(op)))),
    ...taken.map((op) => () => Promise.reject(somebodyElses(labelOf(op)))),
  ]);
}

interface Label {
  readonly netns: Netns;
  readonly name: string;
}

const labelOf = (op: TunnelOp): Label => (op.kind === 'tunnel-delete' ? op : op.tunnel);
const isSame = (a: Label, b: Label): boolean => a.netns === b.netns && a.name === b.name;

interface There {
  readonly ours: (label: Label) => boolean;
  readonly foreign: (label: Label) => boolean;
  /** A creation was cut short before the move. */
  readonly leftOver: (label: Label) => boolean;
}

/** What stands where these operations want to build or clear. */
async function look(rtnetlink: Rtnetlink, ops: readonly TunnelOp[]): Promise<There> {
  const building = ops.filter(({ kind }) => kind !== 'tunnel-repair').map((op) => labelOf(op).netns);
  const links = await rtnetlink.interfaces(building.length === 0 ? [] : [...new Set([DEFAULT_NETNS, ...building])]);
  const find = ({ netns, name }: Label) => links.get(netns)?.find((link) => link.name === name);
  const isOurs = (label: Label): boolean => {
    const link = find(label);
    return link !== undefined && tunnelFrom(label.netns, link).length > 0;
  };
  return {
    ours: isOurs,
    foreign: (label) => find(label) !== undefined && !isOurs(label),
    leftOver: (label) => find({ netns: DEFAULT_NETNS, name: birthName(label) }) !== undefined,
  };
}

/** In the default namespace, for a moment. */
const birthName = ({ netns, name }: Label): string => `cvt-${fnv1a(`${netns}/${name}`).toString(36)}`;

function deletions(op: TunnelOp, there: There): readonly { netns: Netns; lines: readonly string[] }[] {
  const label = labelOf(op);
  if (op.kind === 'tunnel-delete' && there.ours(label)) {
    return [{ netns: label.netns, lines: [`link delete dev ${label.name}`] }];
  }
  if (op.kind === 'tunnel-add' && there.leftOver(label)) {
    return [{ netns: DEFAULT_NETNS, lines: [`link delete dev ${birthName(label)}`] }];
  }
  return [];
}

function creation(op: TunnelOp, ops: readonly TunnelOp[], there: There): readonly string[] {
  if (op.kind !== 'tunnel-add') return [];
  const { tunnel } = op;
  const deleted = ops.some((other) => other.kind === 'tunnel-delete' && isSame(other, tunnel));
  if (there.ours(tunnel) && !deleted) return [];
  const { netns, name, mtu, key } = tunnel;
  const gre = `type gre ${endsText(tunnel)}${key === undefined ? '' : ` key ${key}`} ttl 64 nopmtudisc`;
  return [
    `link add name ${birthName(tunnel)} mtu ${mtu} ${gre}`,
    `link set dev ${birthName(tunnel)} netns ${netns} name ${name} alias ${ALIAS}`,
  ];
}

const endsText = ({ local, remote }: TunnelState): string => `local ${local} remote ${remote}`;

/** Ends are set again even after a creation: it may have been there already, with others. */
function settings(op: TunnelOp): readonly { netns: Netns; lines: readonly string[] }[] {
  if (op.kind === 'tunnel-delete') return [];
  const { netns, name, key } = op.tunnel;
  const keyText = key === undefined ? 'nokey' : `key ${key}`;
  const gre = `link set dev ${name} type gre ${endsText(op.tunnel)} ${keyText} ttl 64 nopmtudisc`;
  return [{ netns, lines: [gre, ...settingLines(op.tunnel)] }];
}

const somebodyElses = ({ netns, name }: Label): KernelError =>
  new KernelError('failed', `${name} in ${netns} is somebody else's; remove or rename it`);
