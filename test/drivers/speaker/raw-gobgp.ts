import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { loadInterface } from '../../../src/drivers/speaker/client.js';
import { pathEncoder, withdrawalToWire } from '../../../src/drivers/speaker/gobgp/convert-path.js';
import type { Dialect } from '../../../src/drivers/speaker/gobgp/dialect.js';
import type { Path } from '../../../src/model/path.js';
import { type Identity, PathMessages } from './path-messages.js';

interface Method {
  readonly path: string;
  requestSerialize(value: object): Buffer;
  responseDeserialize(bytes: Buffer): object;
}

/** How the paths of a stream are written: as GoBGP's own clients do, or with NLRI and attributes as they stand in an UPDATE. */
export type Writing = 'messages' | 'octets';

/** Anyone else with access to the daemon's socket: calls it without any of our checks. */
export class RawGobgp {
  readonly #client: Client;
  readonly #messages: PathMessages;
  readonly #methods: Readonly<Record<string, Method>>;

  constructor(
    address: string,
    protoDir: string,
    private readonly dialect: Dialect,
  ) {
    const definition = loadInterface(join(protoDir, dialect.proto));
    this.#client = new Client(address, credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 });
    this.#messages = new PathMessages(dialect.version);
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
    { origin = 0, ...identity }: Identity & { readonly origin?: number } = {},
  ): Promise<void> {
    const path = this.#messages.odd(prefix, length, origin, identity);
    await this.call('AddPath', { table_type: this.dialect.values.globalTable, path }).catch(() => undefined);
  }

  /** The fastest way in: all paths, or their withdrawals, in one stream. */
  addPathStream(paths: readonly Path[], isWithdraw = false, writing: Writing = 'messages'): Promise<void> {
    const { path, requestSerialize, responseDeserialize } = this.#methods.AddPathStream!;
    const messages = this.#messages;
    const writers = {
      messages: isWithdraw
        ? ({ prefix }: Path) => messages.withdrawal(prefix)
        : (one: Path) => messages.announcement(one),
      octets: isWithdraw ? ({ prefix }: Path) => withdrawalToWire(prefix) : pathEncoder(),
    };
    const wire = paths.map(writers[writing]);
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
