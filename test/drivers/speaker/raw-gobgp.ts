import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { loadInterface } from '../../../src/drivers/speaker/client.js';
import type { Codec } from '../../../src/drivers/speaker/gobgp/codec.js';
import { pathEncoder, withdrawalToWire } from '../../../src/drivers/speaker/gobgp/convert-path.js';
import type { Dialect } from '../../../src/drivers/speaker/gobgp/dialect.js';
import type { Path } from '../../../src/model/path.js';

interface Method {
  readonly path: string;
  requestSerialize(value: object): Buffer;
  responseDeserialize(bytes: Buffer): object;
}

/** Anyone else with access to the daemon's socket: calls it without any of our checks. */
export class RawGobgp {
  readonly #client: Client;
  readonly #codec: Codec;
  readonly #methods: Readonly<Record<string, Method>>;

  constructor(
    address: string,
    protoDir: string,
    private readonly dialect: Dialect,
  ) {
    const definition = loadInterface(join(protoDir, dialect.proto));
    this.#client = new Client(address, credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 });
    this.#codec = dialect.codec(definition);
    this.#methods = definition[dialect.service] as unknown as Readonly<Record<string, Method>>;
  }

  close(): void {
    this.#client.close();
  }

  call(method: string, request: object): Promise<object> {
    const { path, requestSerialize, responseDeserialize } = this.#methods[method]!;
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, answer) =>
        error ? reject(error) : resolve(answer ?? {}),
      );
    });
  }

  list(method: string, request: object): Promise<readonly object[]> {
    const { path, requestSerialize, responseDeserialize } = this.#methods[method]!;
    return new Promise((resolve, reject) => {
      const answers: object[] = [];
      this.#client
        .makeServerStreamRequest(path, requestSerialize, responseDeserialize, request)
        .on('data', (answer: object) => answers.push(answer))
        .on('end', () => resolve(answers))
        .on('error', reject);
    });
  }

  /** Any text as prefix, any number as length. What the daemon answers is of no interest. */
  async addPath(
    prefix: string,
    length: number,
    extra: { origin?: number; identifier?: number; sourceAsn?: number; sourceId?: string } = {},
  ): Promise<void> {
    const v6 = prefix.includes(':');
    const path = {
      nlri: this.#codec.encodePrefix({ prefix, prefix_len: length }),
      family: { afi: v6 ? 2 : 1, safi: 1 },
      pattrs: [
        this.#codec.encode('OriginAttribute', { origin: extra.origin ?? 0 }),
        this.#codec.encode('AsPathAttribute', { segments: [{ type: 2, numbers: [64_512] }] }),
        this.#codec.encode('NextHopAttribute', { next_hop: v6 ? '2001:db8:1::11' : '198.18.1.11' }),
      ],
      identifier: extra.identifier ?? 0,
      source_asn: extra.sourceAsn ?? 0,
      source_id: extra.sourceId ?? '',
    };
    await this.call('AddPath', { table_type: this.dialect.values.globalTable, path }).catch(() => undefined);
  }

  /** The fastest way in: all paths, or their withdrawals, in one stream. */
  addPathStream(paths: readonly Path[], isWithdraw = false): Promise<void> {
    const { path, requestSerialize, responseDeserialize } = this.#methods.AddPathStream!;
    const encode = pathEncoder(this.#codec);
    const withdraw = ({ prefix }: Path) => withdrawalToWire(this.#codec, prefix);
    const wire = paths.map(isWithdraw ? withdraw : encode);
    const table_type = this.dialect.values.globalTable;
    return new Promise((resolve, reject) => {
      const stream = this.#client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, (error) =>
        error ? reject(error) : resolve(),
      );
      for (let at = 0; at < wire.length; at += 500) stream.write({ table_type, paths: wire.slice(at, at + 500) });
      stream.end();
    });
  }

  assign(direction: 1 | 2, policies: readonly string[], defaultAction: 1 | 2): Promise<object> {
    const assignment = {
      name: 'global',
      direction,
      policies: policies.map((name) => ({ name })),
      default_action: defaultAction,
    };
    return this.call('SetPolicyAssignment', { assignment });
  }

  widen(prefix: string, min: number, max: number): Promise<object> {
    const prefixes = [{ ip_prefix: prefix, mask_length_min: min, mask_length_max: max }];
    const set = { defined_type: this.dialect.values.prefixSet, name: 'culvert-allow-v4', prefixes };
    return this.call('AddDefinedSet', { defined_set: set });
  }

  async defaults(): Promise<Readonly<Record<'import' | 'export', string>>> {
    const listed = (await this.list('ListPolicyAssignment', { name: 'global' })) as readonly {
      assignment: { direction: number; default_action: number };
    }[];
    const of = (direction: number): string => {
      const action = listed.find(({ assignment }) => assignment.direction === direction)?.assignment.default_action;
      return action === 2 ? 'reject' : `action ${action}`;
    };
    return { import: of(1), export: of(2) };
  }
}
