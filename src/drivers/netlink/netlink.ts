/**
 * The kernel's own notices as wake-ups: two netlink sockets in the default
 * namespace hear every namespace that it has an id for, which each gets with
 * its veth pair. Messages are not read beyond their type: they only say that a
 * look is due.
 */
import { DEFAULT_NETNS } from '../../model/naming.js';
import type { Clock } from '../../ports/clock.js';
import type { KernelEvents } from '../../ports/kernel.js';
import type { Namespaces } from '../../ports/namespaces.js';
import { EAGAIN, type Memory, type Syscalls } from '../../ports/syscall.js';
import { host } from './attributes.js';
import { SettingsPatrol } from './settings-patrol.js';

/** linux/netlink.h. */
const NETLINK_ROUTE = 0;
const NETLINK_NETFILTER = 12;

/**
 * linux/rtnetlink.h: link, IPv4 address, route, rule; IPv6 address, route,
 * rule; IPv4 and IPv6 settings, namespace ids, nexthops. Neighbours are left
 * out: they change with every flow.
 */
const ROUTE_GROUPS = [1, 5, 7, 8, 9, 11, 19, 24, 25, 28, 32] as const;
/** linux/netfilter/nfnetlink.h: NFNLGRP_NFTABLES. */
const NFTABLES_GROUPS = [7] as const;

/**
 * linux/rtnetlink.h. A bucket of a nexthop group has moved to another member,
 * which is how groups come to rest: of no concern, and hundreds in a row.
 */
const RTM_NEWNEXTHOPBUCKET = 116;

/** Messages are at most this long (NLMSG_GOODSIZE is less); a longer one would only be cut. */
const MESSAGE_BYTES = 32_768;

export interface KernelEventsOptions {
  readonly syscalls: Syscalls;
  readonly namespaces: Namespaces;
  readonly clock: Clock;
}

/** Throws `SyscallError` from `watch` when the kernel refuses the sockets. */
export function createKernelEvents({ syscalls, namespaces, clock }: KernelEventsOptions): KernelEvents {
  return {
    watch: (wake, settings) => {
      const ears = [
        { protocol: NETLINK_ROUTE, groups: ROUTE_GROUPS },
        { protocol: NETLINK_NETFILTER, groups: NFTABLES_GROUPS },
      ].map(({ protocol, groups }) => listen(syscalls, namespaces, protocol, groups, wake));
      const patrol = new SettingsPatrol({ clock, namespaces, settings, differs: wake });
      patrol.start();
      return {
        stop: () => {
          patrol.stop();
          for (const ear of ears) ear.stop();
        },
      };
    },
  };
}

/** nlmsg_type of `struct nlmsghdr`; a datagram of the kernel's notices holds one message. */
const typeOf = (datagram: Buffer): number => host.u16(datagram, 4);

function listen(
  syscalls: Syscalls,
  namespaces: Namespaces,
  protocol: number,
  groups: readonly number[],
  wake: () => void,
): { stop(): void } {
  const fd = namespaces.within(DEFAULT_NETNS, () => syscalls.netlinkSocket({ protocol, groups, allNamespaces: true }));
  const buffer: Memory = syscalls.allocate(MESSAGE_BYTES);
  const watch = syscalls.watch(fd, () => {
    let concerns = false;
    let received = syscalls.receive(fd, buffer, 0, MESSAGE_BYTES);
    for (; received > 0; received = syscalls.receive(fd, buffer, 0, MESSAGE_BYTES)) {
      concerns ||= typeOf(buffer.bytes) !== RTM_NEWNEXTHOPBUCKET;
    }
    // Whatever else is answered, ENOBUFS for lost messages included, is a reason to look as well.
    if (concerns || received !== -EAGAIN) wake();
  });
  return {
    stop: () => {
      watch.stop();
      syscalls.close(fd);
    },
  };
}
