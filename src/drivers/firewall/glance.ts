/** What nf_tables answers about a namespace by itself, without nft(8): linux/netfilter/nf_tables.h. */
import { statSync } from 'node:fs';
import type { NamedCounter, Netns } from '../../model/kernel.js';
import { DEFAULT_NETNS, NFT_TABLE } from '../../model/naming.js';
import { KernelError } from '../../ports/kernel.js';
import type { Namespaces } from '../../ports/namespaces.js';
import type { Netlink, NetlinkAttributes, NetlinkMessages, NetlinkRequest } from '../../ports/netlink.js';

/** linux/netfilter/nfnetlink.h: the subsystem stands in the upper byte of a message's type. */
const NFNL_SUBSYS_NFTABLES = 10 << 8;
const NFT_MSG_GETTABLE = NFNL_SUBSYS_NFTABLES | 1;
const NFT_MSG_GETGEN = NFNL_SUBSYS_NFTABLES | 16;
const NFT_MSG_GETOBJ = NFNL_SUBSYS_NFTABLES | 19;

const NFTA_TABLE_NAME = 1;
const NFTA_TABLE_FLAGS = 2;
const NFTA_GEN_ID = 1;
const NFTA_OBJ_TABLE = 1;
const NFTA_OBJ_NAME = 2;
const NFTA_OBJ_TYPE = 3;
const NFTA_OBJ_DATA = 4;
const NFTA_COUNTER_BYTES = 1;
const NFTA_COUNTER_PACKETS = 2;

/** NFT_OBJECT_COUNTER, in network byte order. */
const COUNTER = Buffer.from([0, 0, 0, 1]);

/** `struct nfgenmsg`: family NFPROTO_INET, version 0, resource 0. */
const INET = Buffer.from([1, 0, 0, 0]);

const ASK_GENERATION: NetlinkRequest = { type: NFT_MSG_GETGEN, dump: false, header: INET };
const ASK_TABLES: NetlinkRequest = { type: NFT_MSG_GETTABLE, dump: true, header: INET };
const ASK_COUNTERS: NetlinkRequest = {
  type: NFT_MSG_GETOBJ,
  dump: true,
  header: INET,
  attributes: [
    [NFTA_OBJ_TABLE, Buffer.from(`${NFT_TABLE}\0`)],
    [NFTA_OBJ_TYPE, COUNTER],
  ],
};

/** What costs microseconds to see. */
export interface Glance {
  /** Differs when any table of the namespace was changed by anybody, and when the namespace is another one of the same name. */
  readonly version: string;
  /** Our table: `flagged` when it is dormant or has an owner, which no text of ours asks for. */
  readonly table: 'absent' | 'plain' | 'flagged';
  /** Of our table, sorted by name. */
  readonly counters: readonly NamedCounter[];
}

/**
 * `undefined` when there is no such namespace; the default one is always
 * there. Throws `KernelError` `not-permitted` or `unreadable`.
 */
export type GlanceAt = (netns: Netns) => Glance | undefined;

export function createGlanceAt(netlink: Netlink, namespaces: Namespaces): GlanceAt {
  const ask = (netns: Netns) => netlink.ask(netns, 'netfilter', [ASK_GENERATION, ASK_TABLES, ASK_COUNTERS]);
  return (netns) => {
    // Before the generation: of a namespace replaced in between, the next glance differs.
    const identity = identityOf(namespaces, netns);
    if (identity === undefined) return undefined;
    const answers = netns === DEFAULT_NETNS ? ask(netns) : unlessAbsent(() => ask(netns));
    if (!answers) return undefined;
    const [[generation] = [], tables = [], counters = []] = answers;
    return {
      version: `${identity} ${known(generation?.attributes.networkNumber(NFTA_GEN_ID), 'generation')}`,
      table: tableAmong(tables),
      counters: [...counters]
        .filter(({ attributes }) => attributes.text(NFTA_OBJ_TABLE) === NFT_TABLE)
        .map(({ attributes }) => counterOf(attributes))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    };
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

function tableAmong(tables: NetlinkMessages): Glance['table'] {
  const ours = [...tables].find(({ attributes }) => attributes.text(NFTA_TABLE_NAME) === NFT_TABLE);
  if (!ours) return 'absent';
  return ours.attributes.networkNumber(NFTA_TABLE_FLAGS) ? 'flagged' : 'plain';
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
