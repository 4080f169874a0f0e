import { join } from 'node:path';
import { loadInterface, messageType, type OpenStream, RpcClient, type StreamListener } from '../client.js';
import { Recall } from '../recall.js';
import type {
  Any,
  Bodies,
  ListedAssignment,
  ListedDestination,
  ListedPeer,
  ListedPolicy,
  WireDefinedSet,
  WireEvent,
  WireFamily,
  WireGlobal,
  WirePath,
  WirePeer,
  WirePolicy,
} from './messages.js';

/** TableType of GoBGP 3; GoBGP 4 counts from one. */
export const TABLE = { global: 0, adjOut: 3 } as const;
/** DefinedType PREFIX of GoBGP 3. */
export const PREFIX_SET = 0;
/** TableLookupPrefix.Type EXACT of GoBGP 3. */
export const EXACT = 0;
/** WatchEventRequest.Table.Filter.Type BEST of GoBGP 3: local paths included. */
const BEST = 0;

/** Calls with one answer: what goes in, what comes back. */
interface Calls {
  readonly StartBgp: [{ readonly global: WireGlobal }, object];
  readonly GetBgp: [object, { readonly global: WireGlobal | null }];
  readonly AddPeer: [{ readonly peer: WirePeer }, object];
  readonly DeletePeer: [{ readonly address: string }, object];
  readonly AddPath: [{ readonly table_type: number; readonly path: WirePath }, object];
  readonly DeletePath: [{ readonly table_type: number; readonly family: WireFamily; readonly path: WirePath }, object];
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
  readonly ListPath: [
    {
      readonly table_type: number;
      readonly name: string;
      readonly family: WireFamily;
      readonly prefixes: readonly { readonly prefix: string; readonly type: number }[];
    },
    { readonly destination: ListedDestination | null },
  ];
  readonly ListPolicy: [{ readonly name: string }, { readonly policy: ListedPolicy | null }];
  readonly ListDefinedSet: [
    { readonly defined_type: number; readonly name: string },
    { readonly defined_set: WireDefinedSet | null },
  ];
  readonly ListPolicyAssignment: [
    { readonly name: string; readonly direction: number },
    { readonly assignment: ListedAssignment | null },
  ];
}

const TYPE_PREFIX = 'type.googleapis.com/apipb.';

const BODY_NAMES: readonly (keyof Bodies)[] = [
  'IPAddressPrefix',
  'OriginAttribute',
  'AsPathAttribute',
  'NextHopAttribute',
  'MultiExitDiscAttribute',
  'LocalPrefAttribute',
  'CommunitiesAttribute',
  'LargeCommunitiesAttribute',
  'MpReachNLRIAttribute',
];

export type Decoded = { readonly [N in keyof Bodies]: { readonly name: N; readonly body: Bodies[N] } }[keyof Bodies];

/** Writes and reads what travels inside an Any. */
export interface AnyCodec {
  encode<N extends keyof Bodies>(name: N, body: Bodies[N]): Any;
  /** `undefined` for a type that is none of ours. Throws when the bytes are not of their type. */
  decode(any: Any): Decoded | undefined;
}

/** GoBGP 3's calls with their types. `items` is how many prefixes or paths a call is about, where they are many. */
export interface Api {
  readonly name: string;
  readonly codec: AnyCodec;
  call<M extends keyof Calls>(method: M, request: Calls[M][0], items?: number): Promise<Calls[M][1]>;
  list<M extends keyof Lists>(method: M, request: Lists[M][0]): Promise<readonly Lists[M][1][]>;
  /** The same; a message that was among the answers to the last equal request is the same object. For requests that are repeated for ever. */
  listAgain<M extends keyof Lists>(method: M, request: Lists[M][0]): Promise<readonly Lists[M][1][]>;
  addPathStream(
    batches: readonly { readonly table_type: number; readonly paths: readonly WirePath[] }[],
  ): Promise<void>;
  /** Peer and best-path events. */
  watchEvents(listener: StreamListener<WireEvent>): OpenStream;
  /** Whether the daemon speaks GoBGP 4's interface instead. */
  isVersion4(): Promise<boolean>;
  close(): void;
}

export interface ApiOptions {
  readonly name: string;
  readonly target: string;
  readonly protoDir: string;
  readonly deadlineMs: number;
}

/** A call over many items, or over a table of unknown size, may take five times as long as a small one … */
const BULK_FACTOR = 5;
/** … and half a millisecond for each item in addition: five times what the slowest was measured to take. */
const BULK_MS_PER_ITEM = 0.5;

export function connectApi({ name, target, protoDir, deadlineMs }: ApiOptions): Api {
  const definition = loadInterface(join(protoDir, 'gobgp', 'v3.proto'));
  const client = new RpcClient(name, target, definition, 'apipb.GobgpApi');
  const types = new Map(
    BODY_NAMES.map((body) => [TYPE_PREFIX + body, { body, type: messageType(definition, `apipb.${body}`) }]),
  );
  const typeOf = (url: string) => types.get(url);
  const bulk = (items: number): number => deadlineMs * BULK_FACTOR + items * BULK_MS_PER_ITEM;

  const recalls = new Map<string, Recall>();
  const codec: AnyCodec = {
    encode: (body, content) => {
      const url = TYPE_PREFIX + body;
      const known = typeOf(url);
      if (!known) throw new TypeError(`no message ${body}`);
      return { type_url: url, value: known.type.serialize(content) };
    },
    decode: ({ type_url, value }) => {
      const known = typeOf(type_url);
      // The types' map pairs each name with its own message type.
      return known && ({ name: known.body, body: known.type.deserialize(value) } as Decoded);
    },
  };
  return {
    name,
    codec,
    call: async (method, request, items = 0) => client.unary(method, request, items === 0 ? deadlineMs : bulk(items)),
    list: async (method, request) => client.list(method, request, bulk(0)) as never,
    listAgain: async (method, request) => {
      const question = JSON.stringify([method, request]);
      const recall = recalls.get(question) ?? new Recall();
      recalls.set(question, recall);
      return client.list(method, request, bulk(0), recall) as never;
    },
    addPathStream: (batches) =>
      client.upload('AddPathStream', batches, bulk(batches.reduce((sum, { paths }) => sum + paths.length, 0))),
    watchEvents: (listener) =>
      client.open('WatchEvent', { peer: {}, table: { filters: [{ type: BEST, init: false }] } }, listener),
    isVersion4: () => client.answers('/api.GoBgpService/GetBgp', deadlineMs),
    close: () => client.close(),
  };
}
