import { createClock } from '../drivers/clock/clock.js';
import { createEssentialChecks } from '../drivers/essential/essential.js';
import { createCarriedTraffic } from '../drivers/firewall/carried.js';
import { createFirewallDriver } from '../drivers/firewall/firewall.js';
import { createIproute } from '../drivers/iproute/iproute.js';
import { createLinkDriver } from '../drivers/link/link.js';
import { createNamespaces } from '../drivers/namespaces/namespaces.js';
import { createNetlink } from '../drivers/netlink/ask.js';
import { probeGroups } from '../drivers/route/probe.js';
import { createRouteDriver } from '../drivers/route/route.js';
import { createRtnetlink } from '../drivers/rtnetlink/rtnetlink.js';
import { createSyscalls } from '../drivers/syscall/syscalls.js';
import { createSysctlDriver } from '../drivers/sysctl/sysctl.js';
import { chooseTunnelDriver } from '../drivers/tunnel/choose.js';
import { createKernelTunnels } from '../drivers/tunnel/kernel-tunnels.js';
import { createTunTunnels } from '../drivers/tunnel/tun/tun-tunnels.js';
import type { KernelDrivers } from '../engine/kernel.js';
import type { KernelNumbers } from '../model/fleet.js';
import type { GroupSupport } from '../model/kernel.js';
import type { EssentialChecks } from '../ports/essential.js';
import type { Exec } from '../ports/exec.js';
import type { Namespaces } from '../ports/namespaces.js';
import type { Netlink } from '../ports/netlink.js';
import type { Rtnetlink } from '../ports/rtnetlink.js';
import type { CarriedTraffic } from '../ports/traffic.js';
import { needPrograms } from './machine.js';
import { sockets } from './paths.js';

export interface KernelOptions {
  readonly tunnels: 'auto' | 'kernel' | 'tun';
  readonly lab: boolean;
  readonly runDir: string;
}

/** Reads the kernel and changes nothing. */
function kernelReaders(): {
  readonly namespaces: Namespaces;
  readonly netlink: Netlink;
  readonly rtnetlink: Rtnetlink;
} {
  const syscalls = createSyscalls();
  const namespaces = createNamespaces({ syscalls });
  const netlink = createNetlink({ syscalls, namespaces });
  return { namespaces, netlink, rtnetlink: createRtnetlink({ netlink, namespaces }) };
}

/** What the guard looks at by itself. */
export function guardEyes(): { readonly essential: EssentialChecks; readonly traffic: CarriedTraffic } {
  const { namespaces, netlink, rtnetlink } = kernelReaders();
  return { essential: createEssentialChecks(rtnetlink), traffic: createCarriedTraffic(netlink, namespaces) };
}

/** The drivers of this machine's kernel, which tunnels were chosen and why, and what nexthop groups can do here. Rejects when a program is missing or no tunnel driver works here. */
export async function kernelDrivers(
  exec: Exec,
  numbers: KernelNumbers,
  options: KernelOptions,
): Promise<{ readonly drivers: KernelDrivers; readonly said: string; readonly groups: GroupSupport }> {
  await needPrograms();
  const { namespaces, netlink, rtnetlink } = kernelReaders();
  const chosen = await chooseTunnelDriver({
    requested: options.tunnels,
    lab: options.lab,
    kernel: createKernelTunnels(exec, rtnetlink),
    tun: createTunTunnels({ exec, rtnetlink, socket: sockets(options.runDir).tund }),
  });
  if ('refusal' in chosen) throw new Error(chosen.refusal);
  const ip = createIproute(exec);
  return {
    said: chosen.said,
    groups: await probeGroups(exec),
    drivers: {
      link: createLinkDriver({ ip, rtnetlink, namespaces }),
      route: createRouteDriver(ip, rtnetlink, numbers),
      sysctl: createSysctlDriver(namespaces),
      firewall: createFirewallDriver({ exec, netlink, namespaces, clock: createClock() }),
      tunnel: chosen.driver,
    },
  };
}
