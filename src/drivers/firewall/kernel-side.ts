/** What nf_tables answers about a namespace by itself, without nft(8): linux/netfilter/nf_tables.h. */
import { statSync } from 'node:fs';
import type { NamedCounter, Netns } from '../../model/kernel.js';
import { DEFAULT_NETNS, NFT_TABLE } from '../../model/naming.js';
import { KernelError } from '../../ports/kernel.js';
import type { Namespaces } from '../../ports/namespaces.js';
import type { Netlink, NetlinkAttributes, NetlinkRequest } from '../../ports/netlink.js';

/** linux/netfilter/nfnetlink.h: the subsystem stands in the upper byte of a message's type. */
const NFNL_SUBSYS_NFTABLES = 10 << 8;
const NFT_MSG_GETTABLE = NFNL_SUBSYS_NFTABLES | 1;
const NFT_MSG_GETGEN = NFNL_SUBSYS_NFTABLES | 16;
const NFT_MSG_GETOBJ = NFNL_SUBSYS_NFTABLES | 19;

const NFTA_TABLE_NAME = 1;
const NFTA_GEN_ID = 1;
const NFTA_OBJ_TABLE = 1;
const NFTA_OBJ_NAME = 2;
const NFTA_OBJ_TYPE = 3;
const NFTA_OBJ_DATA = 4;
const NFTA_COUNTER_BYTES = 1;
const NFTA_COUNTER_PACKETS = 2;

/** NFT_OBJECT_COUNTER, in network byte order. */
const COUNTER = Buffer.from([0, 0, 0, 1]);
const OUR_TABLE = Buffer.from(`${NFT_TABLE}\0`);

/** `struct nfgenmsg`: family NFPROTO_INET, version 0, resource 0. */
const INET = Buffer.from([1, 0, 0, 0]);

const ASK_GENERATION: NetlinkRequest = { type: NFT_MSG_GETGEN, dump: false, header: INET };
const ASK_TABLE: NetlinkRequest = {
  type: NFT_MSG_GETTABLE,
  dump: false,
  header: INET,
  attributes: [[NFTA_TABLE_NAME, OUR_TABLE]],
};
const ASK_COUNTERS: NetlinkRequest = {
  type: NFT_MSG_GETOBJ,
  dump: true,
  header: INET,
  attributes: [
    [NFTA_OBJ_TABLE, OUR_TABLE],
    [NFTA_OBJ_TYPE, COUNTER],
  ],
};

/** What costs microseconds to see. */
export interface Glance {
  /** Differs when any table of the namespace was changed by anybody, and when the namespace is another one of the same name. */
  readonly version: string;
  /** Of our table, sorted by name; none where there is no such table. */
  readonly counters: readonly NamedCounter[];
}

export interface KernelSide {
  /** `undefined` when there is no such namespace. */
  glance(netns: Netns): Glance | undefined;
  /** Whether our table is there; not, where there is no such namespace. */
  hasTable(netns: Netns): boolean;
}

/** Both throw `KernelError` `not-permitted` or `unreadable`. */
export function createKernelSide(netlink: Netlink, namespaces: Namespaces): KernelSide {
  return {
    glance: (netns) => {
      // Before the generation: of a namespace replaced in between, the next glance differs.
      const identity = identityOf(namespaces, netns);
      const answers = identity && unlessAbsent(() => netlink.ask(netns, 'netfilter', [ASK_GENERATION, ASK_COUNTERS]));
      if (!answers) return undefined;
      const [generation = [], counters = []] = answers;
      return {
        version: `${identity} ${known(generation[0]?.attributes.networkNumber(NFTA_GEN_ID), 'generation')}`,
        counters: counters
          .filter(({ attributes }) => attributes.text(NFTA_OBJ_TABLE) === NFT_TABLE)
          .map(({ attributes }) => counterOf(attributes))
          .sort((a, b) => (a.name < b.name ? -1 : 1)),
      };
    },
    hasTable: (netns) => unlessAbsent(() => netlink.ask(netns, 'netfilter', [ASK_TABLE])) !== undefined,
  };
}

/**
 * Generations count from the same number in every namespace, so two of one
 * name may show the same. The file of a namespace is its own inode, made when
 * the namespace was mounted; numbers are used again, times are not.
 * `undefined` when there is no such file.
 */
function identityOf(namespaces: Namespaces, netns: Netns): string | undefined {
  const path = namespaces.pathOf(netns);
  if (netns === DEFAULT_NETNS || path === undefined) return 'default';
  const file = statSync(path, { bigint: true, throwIfNoEntry: false });
  return file && `${file.dev}:${file.ino}:${file.ctimeNs}`;
}

function counterOf(attributes: NetlinkAttributes): NamedCounter {
  const data = attributes.nested(NFTA_OBJ_DATA);
  return {
    name: known(attributes.text(NFTA_OBJ_NAME), 'name'),
    packets: known(data?.networkNumber(NFTA_COUNTER_PACKETS), 'packets'),
    bytes: known(data?.networkNumber(NFTA_COUNTER_BYTES), 'bytes'),
  };
}

function known<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new KernelError('unreadable', `nf_tables: an answer without its ${what}`);
  return value;
}

function unlessAbsent<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof KernelError && error.reason === 'absent') return undefined;
    throw error;
  }
}
