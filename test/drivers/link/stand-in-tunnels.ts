/** A tunnel driver for kernels without ip_gre: veths named like tunnels, whose far ends lie in a namespace of their own. */
import type { Netns, TunnelState } from '../../../src/model/kernel.js';
import { sortedBy, tunnelKey } from '../../../src/model/kernel-order.js';
import { address } from '../../../src/model/address.js';
import type { Iproute } from '../../../src/ports/iproute.js';
import type { TunnelDriver } from '../../../src/ports/kernel.js';
import type { Rtnetlink } from '../../../src/ports/rtnetlink.js';

const FAR = 'far';

export function standInTunnels(ip: Iproute, rtnetlink: Rtnetlink): TunnelDriver & { prepare(): Promise<void> } {
  const run = async (netns: Netns, commands: readonly string[]): Promise<void> => {
    const end = await ip.batch({ netns }, commands);
    if (!end.done) throw new Error(`${commands[end.failed]}: ${end.message}`);
  };
  const add = async ({ netns, name, local, remote, mtu }: TunnelState): Promise<void> => {
    const far = `${netns}${name}`.replaceAll('-', '').slice(0, 15);
    await run('', [`link add name ${far} netns ${FAR} type veth peer name ${name} netns ${netns}`]);
    await run(FAR, [`link set dev ${far} up`]);
    await run(netns, [
      `link set dev ${name} addrgenmode none alias ${local}/${remote}`,
      `link set dev ${name} mtu ${mtu} up`,
    ]);
  };
  return {
    kind: 'kernel',
    prepare: () => run('', [`netns add ${FAR}`]),
    probe: () => Promise.resolve({ works: true }),
    observe: async (namespaces) => {
      const found: TunnelState[] = [];
      for (const [netns, links] of await rtnetlink.interfaces(namespaces)) {
        for (const { name, alias = '', mtu, up } of links.filter((link) => link.name.startsWith('gre-'))) {
          const [local = '', remote = ''] = alias.split('/');
          found.push({ netns, name, local: address(local), remote: address(remote), mtu, up });
        }
      }
      return sortedBy(found, tunnelKey);
    },
    apply: async (ops) => {
      for (const op of ops) {
        switch (op.kind) {
          case 'tunnel-add':
            await add(op.tunnel);
            break;
          case 'tunnel-repair':
            await run(op.tunnel.netns, [`link delete dev ${op.tunnel.name}`]);
            await add(op.tunnel);
            break;
          case 'tunnel-delete':
            await run(op.netns, [`link delete dev ${op.name}`]);
        }
      }
    },
  };
}
