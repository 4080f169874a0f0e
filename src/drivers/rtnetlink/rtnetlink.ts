import { closeSync, openSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Netns } from '../../model/kernel.js';
import { DEFAULT_NETNS } from '../../model/naming.js';
import { once } from '../../model/once.js';
import { KernelError } from '../../ports/kernel.js';
import type { Namespaces } from '../../ports/namespaces.js';
import type { Netlink, NetlinkMessages, NetlinkRequest } from '../../ports/netlink.js';
import type { Forwarding, Rtnetlink } from '../../ports/rtnetlink.js';
import { ADDRESS_DUMP, interfacesFrom, LINK_DUMP, namesFrom, namesIn } from './interfaces.js';
import { NEXTHOP_DUMP, nexthopFrom, routeDump, routesFrom, ruleDump, ruleFrom } from './routes.js';
import { headerOf, u32 } from './words.js';

/** linux/net_namespace.h. */
const RTM_GETNSID = 90;
const NETNSA_NSID = 1;
const NETNSA_FD = 3;
const NETNSA_NSID_NOT_ASSIGNED = 0xffffffff;

/** Namespaces read before other work of this process has its turn: a few milliseconds. */
const AT_ONCE = 16;

export interface RtnetlinkParts {
  readonly netlink: Netlink;
  readonly namespaces: Namespaces;
}

export function createRtnetlink({ netlink, namespaces }: RtnetlinkParts): Rtnetlink {
  const ask = (netns: Netns, requests: readonly NetlinkRequest[]) => netlink.ask(netns, 'route', requests);
  const interfacesIn = once(interfacesFrom);
  const forwardingIn = once(forwardingFrom);
  const namesOf = once(namesFrom);
  return {
    interfaces: (wanted) =>
      each(wanted, (netns) => {
        const [links = [], addresses = []] = ask(netns, [LINK_DUMP, ADDRESS_DUMP]);
        return interfacesIn(links, addresses);
      }),
    forwarding: (wanted, protocol) =>
      each(wanted, (netns) => {
        const requests = [LINK_DUMP, routeDump(4, protocol), routeDump(6, protocol), NEXTHOP_DUMP];
        const [links = [], routes4 = [], routes6 = [], nexthops = []] = ask(netns, requests);
        return forwardingIn(routes4, routes6, nexthops, protocol, namesOf(links));
      }),
    rules: async () =>
      ask(DEFAULT_NETNS, [ruleDump(4), ruleDump(6)]).flatMap((messages) => Array.from(messages, ruleFrom)),
    idsOf: async (wanted) => {
      const ids = await each(wanted, (netns) => idOf(netlink, namespaces, netns));
      return new Map([...ids].flatMap(([netns, id]) => (id === undefined ? [] : [[netns, id]])));
    },
  };
}

/** Reads when asked: of very many routes the bytes are held, and not what they say. */
function forwardingFrom(
  routes4: NetlinkMessages,
  routes6: NetlinkMessages,
  nexthops: NetlinkMessages,
  protocol: number,
  links: string,
): Forwarding {
  return {
    get routes() {
      const names = namesIn(links);
      return [routes4, routes6].flatMap((messages) => routesFrom(messages, protocol, names));
    },
    get nexthops() {
      const names = namesIn(links);
      return Array.from(nexthops, (message) => nexthopFrom(message, names));
    },
  };
}

/** Asks about each namespace that is there. */
async function each<T>(wanted: readonly Netns[], read: (netns: Netns) => T): Promise<Map<Netns, T>> {
  const found = new Map<Netns, T>();
  for (const [turn, netns] of wanted.entries()) {
    if (turn % AT_ONCE === AT_ONCE - 1) await nextTurn();
    try {
      found.set(netns, read(netns));
    } catch (error) {
      if (!(error instanceof KernelError) || error.reason !== 'absent' || netns === DEFAULT_NETNS) throw error;
    }
  }
  return found;
}

function idOf(netlink: Netlink, namespaces: Namespaces, netns: Netns): number | undefined {
  const fd = openNamespace(namespaces.pathOf(netns) ?? '/proc/self/ns/net');
  try {
    const request: NetlinkRequest = {
      type: RTM_GETNSID,
      dump: false,
      header: headerOf(4),
      attributes: [[NETNSA_FD, u32(fd)]],
    };
    const [[answer] = []] = netlink.ask(DEFAULT_NETNS, 'route', [request]);
    const id = answer?.attributes.number(NETNSA_NSID);
    return id === NETNSA_NSID_NOT_ASSIGNED ? undefined : id;
  } finally {
    closeSync(fd);
  }
}

function openNamespace(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new KernelError(code === 'ENOENT' ? 'absent' : 'unreadable', `cannot open a namespace: ${message}`);
  }
}
