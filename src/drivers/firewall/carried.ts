import { isCarriedCounter } from '../../model/counter.js';
import { DEFAULT_NETNS } from '../../model/naming.js';
import { KernelError } from '../../ports/kernel.js';
import type { Namespaces } from '../../ports/namespaces.js';
import type { Netlink } from '../../ports/netlink.js';
import type { CarriedTraffic } from '../../ports/traffic.js';
import { createGlanceAt } from './glance.js';

/** The sum over all customers of what our table counts; nothing is counted where the table is not. */
export function createCarriedTraffic(netlink: Netlink, namespaces: Namespaces): CarriedTraffic {
  const glanceAt = createGlanceAt(netlink, namespaces);
  return {
    packets: () => {
      try {
        const carried = (glanceAt(DEFAULT_NETNS)?.counters ?? []).filter(({ name }) => isCarriedCounter(name));
        return carried.length === 0 ? undefined : carried.reduce((sum, { packets }) => sum + packets, 0);
      } catch (error) {
        if (error instanceof KernelError) return undefined;
        throw error;
      }
    },
  };
}
