import type { KernelOp, Netns, TunnelState } from '../../../model/kernel.js';
import type { Exec } from '../../../ports/exec.js';
import { KernelError, type TunnelDriver } from '../../../ports/kernel.js';
import type { Rtnetlink } from '../../../ports/rtnetlink.js';
import { batchEach, batchIn, byKey, groupLines, settingLines, throughAll } from '../links.js';
import { deviceAlias, type HeldTunnel, type OpenedTunnel, type Step } from './protocol.js';
import { askTund, TundGone } from './tund-client.js';

type TunnelOp = Extract<KernelOp, { kind: 'tunnel-add' | 'tunnel-repair' | 'tunnel-delete' }>;

export interface TunTunnelsOptions {
  readonly exec: Exec;
  readonly rtnetlink: Rtnetlink;
  /** Where `culvert tund` listens. */
  readonly socket: string;
}

/**
 * GRE in user space: tund holds a TUN device per tunnel, made in the default
 * namespace and moved into the customer's. It is opened outside because its
 * descriptor would otherwise keep a deleted customer's namespace alive.
 */
export function createTunTunnels({ exec, rtnetlink, socket }: TunTunnelsOptions): TunnelDriver {
  return {
    kind: 'tun',
    probe: () => probe(exec),
    observe: (namespaces) => observe(rtnetlink, socket, namespaces),
    apply: (ops) => apply(exec, socket, ops),
  };
}

async function probe(exec: Exec): ReturnType<TunnelDriver['probe']> {
  const { code, stderr } = await exec.run(['unshare', '--net', 'ip', 'tuntap', 'add', 'dev', 'probe0', 'mode', 'tun']);
  return code === 0 ? { works: true } : { works: false, detail: `no TUN devices: ${stderr.trim()}` };
}

/** A tunnel is there when tund holds a descriptor and its device, known by the alias, is in the namespace. */
async function observe(
  rtnetlink: Rtnetlink,
  socket: string,
  namespaces: readonly Netns[],
): Promise<readonly TunnelState[]> {
  const [held, interfaces] = await Promise.all([heldBy(socket), rtnetlink.interfaces(namespaces)]);
  const links = [...interfaces].flatMap(([netns, inside]) => inside.map((link) => ({ netns, link })));
  const byAlias = new Map(held?.map((tunnel) => [deviceAlias(tunnel.id), tunnel]));
  if (held === undefined && links.some(({ link }) => link.alias?.startsWith(deviceAlias('')))) {
    throw new KernelError(
      'unreadable',
      `no tund listens at ${socket}, yet devices of one are there; is it the right path?`,
    );
  }
  return links
    .flatMap(({ netns, link: { name, alias, mtu, up } }) => {
      const tunnel = byAlias.get(alias ?? '');
      if (tunnel?.netns !== netns || tunnel.name !== name) return [];
      const { local, remote, key } = tunnel;
      return [{ netns, name, local, remote, ...(key !== undefined && { key }), mtu, up }];
    })
    .sort(byKey);
}

/** `undefined` when there is no tund. */
async function heldBy(socket: string): Promise<readonly HeldTunnel[] | undefined> {
  try {
    return (await askTund(socket, { ask: 'list' }, 'list')).tunnels;
  } catch (error) {
    if (error instanceof TundGone) return undefined;
    throw error;
  }
}

async function apply(exec: Exec, socket: string, ops: readonly TunnelOp[]): Promise<void> {
  if (ops.length === 0) return;
  const { opened } = await askTund(socket, { ask: 'apply', steps: ops.map(stepFor) }, 'applied');
  const wanted = new Map(ops.flatMap((op) => (op.kind === 'tunnel-delete' ? [] : [[keyOf(op.tunnel), op.tunnel]])));
  await throughAll([
    () =>
      batchIn(
        exec,
        '',
        opened.flatMap((device) => moveLines(device, wanted.get(keyOf(device)))),
      ),
    () => batchEach(exec, groupLines(ops.flatMap(settings))),
  ]);
}

const keyOf = ({ netns, name }: { netns: Netns; name: string }): string => `${netns}/${name}`;

function stepFor(op: TunnelOp): Step {
  if (op.kind === 'tunnel-delete') return { do: 'close', netns: op.netns, name: op.name };
  const { netns, name, local, remote, key } = op.tunnel;
  const ends = { netns, name, local, remote, ...(key !== undefined && { key }) };
  return { do: op.kind === 'tunnel-add' ? 'open' : 'retarget', ...ends };
}

/** Moved, named and tagged in one message to the kernel, or none of it. */
function moveLines({ id, device }: OpenedTunnel, tunnel: TunnelState | undefined): readonly string[] {
  if (tunnel === undefined) return [];
  return [`link set dev ${device} netns ${tunnel.netns} name ${tunnel.name} alias ${deviceAlias(id)}`];
}

function settings(op: TunnelOp): readonly { netns: Netns; lines: readonly string[] }[] {
  return op.kind === 'tunnel-delete' ? [] : [{ netns: op.tunnel.netns, lines: settingLines(op.tunnel) }];
}
