import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

interface Type {
  serialize(value: object): Buffer;
}
interface Method {
  readonly path: string;
  readonly responseStream: boolean;
  requestSerialize(value: object): Buffer;
  responseDeserialize(bytes: Buffer): object;
}

/** Anyone else with access to the daemon's socket: calls it without any of our checks. */
export class RawGobgp {
  readonly #definition: Readonly<Record<string, unknown>>;
  readonly #client: Client;

  constructor(address: string, protoDir: string) {
    this.#definition = loadSync(join(protoDir, 'gobgp', 'v3.proto'), { keepCase: true, defaults: true, arrays: true });
    this.#client = new Client(address, credentials.createInsecure());
  }

  close(): void {
    this.#client.close();
  }

  call(method: string, request: object): Promise<object> {
    const { path, requestSerialize, responseDeserialize } = this.#method(method);
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, answer) =>
        error ? reject(error) : resolve(answer ?? {}),
      );
    });
  }

  list(method: string, request: object): Promise<readonly object[]> {
    const { path, requestSerialize, responseDeserialize } = this.#method(method);
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
      nlri: this.#any('IPAddressPrefix', { prefix, prefix_len: length }),
      family: { afi: v6 ? 2 : 1, safi: 1 },
      pattrs: [
        this.#any('OriginAttribute', { origin: extra.origin ?? 0 }),
        this.#any('AsPathAttribute', { segments: [{ type: 2, numbers: [64_512] }] }),
        this.#any('NextHopAttribute', { next_hop: v6 ? '2001:db8:1::11' : '198.18.1.11' }),
      ],
      identifier: extra.identifier ?? 0,
      source_asn: extra.sourceAsn ?? 0,
      source_id: extra.sourceId ?? '',
    };
    await this.call('AddPath', { table_type: 0, path }).catch(() => undefined);
  }

  /** The fastest way in: all paths, or their withdrawals, in one stream. */
  addPathStream(paths: readonly { readonly text: string; readonly asn: number }[], isWithdraw = false): Promise<void> {
    const { path, requestSerialize, responseDeserialize } = this.#method('AddPathStream');
    const [origin, nextHop] = [
      this.#any('OriginAttribute', { origin: 0 }),
      this.#any('NextHopAttribute', { next_hop: '198.18.1.11' }),
    ];
    const wire = paths.map(({ text, asn }) => {
      const [prefix, length] = text.split('/');
      return {
        nlri: this.#any('IPAddressPrefix', { prefix, prefix_len: Number(length) }),
        family: { afi: 1, safi: 1 },
        pattrs: [origin, this.#any('AsPathAttribute', { segments: [{ type: 2, numbers: [asn] }] }), nextHop],
        is_withdraw: isWithdraw,
      };
    });
    return new Promise((resolve, reject) => {
      const stream = this.#client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, (error) =>
        error ? reject(error) : resolve(),
      );
      for (let at = 0; at < wire.length; at += 500) stream.write({ table_type: 0, paths: wire.slice(at, at + 500) });
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
    return this.call('AddDefinedSet', { defined_set: { defined_type: 0, name: 'culvert-allow-v4', prefixes } });
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

  #any(name: string, body: object): object {
    const type = this.#definition[`apipb.${name}`] as Type;
    return { type_url: `type.googleapis.com/apipb.${name}`, value: type.serialize(body) };
  }

  #method(name: string): Method {
    return (this.#definition['apipb.GobgpApi'] as Readonly<Record<string, Method>>)[name]!;
  }
}
