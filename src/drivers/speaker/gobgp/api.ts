import { join } from 'node:path';
import { loadInterface, type OpenStream, RpcClient, type StreamListener } from '../client.js';
import { Recall } from '../recall.js';
import type { Dialect, Values } from './dialect.js';
import { readDestination, readSet } from './listed.js';
import type {
  ListedAssignment,
  ListedDestination,
  ListedPeer,
  ListedPolicy,
  ListedSet,
  WireDefinedSet,
  WireEvent,
  WireFamily,
  WireGlobal,
  WirePeer,
  WirePolicy,
} from './messages.js';
import type { NlriReader } from './nlri.js';

/** Calls with one answer: what goes in, what comes back. */
interface Calls {
  readonly StartBgp: [{ readonly global: WireGlobal }, object];
  readonly GetBgp: [object, { readonly global: WireGlobal | null }];
  readonly AddPeer: [{ readonly peer: WirePeer }, object];
  readonly DeletePeer: [{ readonly address: string }, object];
  readonly AddPath: [{ readonly table_type: number; readonly path: Buffer }, object];
  readonly DeletePath: [{ readonly table_type: number; readonly family: WireFamily; readonly path: Buffer }, object];
  readonly GetTable: [{ readonly table_type: number; readonly family: WireFamily }, { readonly num_path: number }];
  readonly SetPolicies: [
    { readonly defined_sets: readonly WireDefinedSet[]; readonly policies: readonly WirePolicy[] },
    object,
  ];
  readonly AddDefinedSet: [{ readonly defined_set: WireDefinedSet }, object];
  readonly DeleteDefinedSet: [{ readonly defined_set: WireDefinedSet }, object];
  readonly SetPolicyAssignment: [
    {
      readonly assignment: {
        readonly name: string;
        readonly direction: number;
        readonly policies: readonly { readonly name: string }[];
        readonly default_action: number;
      };
    },
    object,
  ];
}

/** Calls with a stream of answers: what goes in, what each of them is. */
interface Lists {
  readonly ListPeer: [{ readonly address: string }, { readonly peer: ListedPeer | null }];
  readonly ListPolicy: [{ readonly name: string }, { readonly policy: ListedPolicy | null }];
  readonly ListPolicyAssignment: [
    { readonly name: string; readonly direction: number },
    { readonly assignment: ListedAssignment | null },
  ];
}

/** ListPathRequest. */
interface PathRequest {
  readonly table_type: number;
  readonly name: string;
  readonly family: WireFamily;
  /** All of the table when there is none. */
  readonly prefixes: readonly { readonly prefix: string; readonly type: number }[];
  /** Attributes as they stand in an UPDATE. */
  readonly enable_attribute_binary: boolean;
  /** NLRI and attributes only in that form: GoBGP 3 takes most of a listing's time to write their other one. */
  readonly enable_only_binary: boolean;
}

export interface PathBatch {
  readonly table_type: number;
  /** Each as `convert-path.ts` writes it. */
  readonly paths: readonly Buffer[];
}

/** The daemon's calls with their types, in one dialect. `items` is how many prefixes or paths a call is about, where they are many. */
export interface Api {
  readonly name: string;
  readonly values: Values;
  readonly readNlri: NlriReader;
  call<M extends keyof Calls>(method: M, request: Calls[M][0], items?: number): Promise<Calls[M][1]>;
  list<M extends keyof Lists>(method: M, request: Lists[M][0]): Promise<readonly Lists[M][1][]>;
  /** Destinations of a table, each as `read` has it when it comes. */
  listPaths<T extends object>(request: PathRequest, read: (destination: ListedDestination) => T): Promise<readonly T[]>;
  /** All prefix sets. One that comes again byte for byte is the same object, and not read again. */
  listSets(): Promise<readonly ListedSet[]>;
  /** `items` paths in all; a batch is made when it is its turn. */
  addPathStream(batches: Iterable<PathBatch>, items: number): Promise<void>;
  /** Peer and best-path events. */
  watchEvents(listener: StreamListener<WireEvent>): OpenStream;
  close(): void;
}

export interface ApiOptions {
  readonly name: string;
  readonly target: string;
  readonly protoDir: string;
  readonly deadlineMs: number;
}

const NOWHERE: ListedDestination = { prefix: '', paths: [] };

/** A call over many items, or over a table of unknown size, may take five times as long as a small one … */
const BULK_FACTOR = 5;
/** … and half a millisecond for each item in addition: five times what the slowest was measured to take. */
const BULK_MS_PER_ITEM = 0.5;

export function connectApi(dialect: Dialect, { name, target, protoDir, deadlineMs }: ApiOptions): Api {
  const definition = loadInterface(join(protoDir, dialect.proto));
  const client = new RpcClient(name, target, definition, dialect.service);
  const bulk = (items: number): number => deadlineMs * BULK_FACTOR + items * BULK_MS_PER_ITEM;
  const recall = new Recall((bytes) => ({ set: readSet(bytes) }));
  const { values } = dialect;
  return {
    name,
    values,
    readNlri: dialect.nlriReader(definition),
    call: async (method, request, items = 0) => client.unary(method, request, items === 0 ? deadlineMs : bulk(items)),
    list: async (method, request) => client.list(method, request, bulk(0)) as never,
    listPaths: async (request, read) => {
      const fromBytes = (bytes: Buffer) => read(readDestination(bytes) ?? NOWHERE);
      return client.list('ListPath', request, bulk(0), fromBytes);
    },
    listSets: async () => {
      const sets = await client.list('ListDefinedSet', { defined_type: values.prefixSet }, bulk(0), recall.listing());
      return sets.flatMap(({ set }) => set ?? []);
    },
    addPathStream: (batches, items) => client.upload('AddPathStream', batches, bulk(items)),
    watchEvents: (listener) =>
      client.open('WatchEvent', { peer: {}, table: { filters: [{ type: values.best, init: false }] } }, listener),
    close: () => client.close(),
  };
}
