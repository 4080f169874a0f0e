import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import {
  loadSync,
  type MessageTypeDefinition,
  type MethodDefinition,
  type PackageDefinition,
} from '@grpc/proto-loader';
import { SpeakerError } from '../../ports/speaker.js';

type Method = MethodDefinition<object, object>;

/** What `WatchEvent` and its like call back. */
export interface StreamListener<Content extends object = object> {
  message(content: Content): void;
  /** Called once, for any reason but `cancel`. */
  ended(error: SpeakerError): void;
}

export interface OpenStream {
  cancel(): void;
}

const CHANNEL = {
  // Each speaker owns its connection and closes it alone.
  'grpc.use_local_subchannel_pool': 1,
  // A proxy from the environment must never see the daemon's API.
  'grpc.enable_http_proxy': 0,
  'grpc.enable_retries': 0,
  // A daemon that comes back is found within a quarter of a second, not after gRPC's two minutes.
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.min_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 250,
  // A prefix set is one message: 100,000 prefixes take about 4 MB.
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
};

/** Fields keep their names; absent scalars read as zero, absent messages as null, absent lists as empty; of a oneof its name tells which is there. */
const LOADING = { keepCase: true, longs: Number, enums: Number, defaults: true, arrays: true, oneofs: true };

/** Our own description of the daemon's interface. Throws when the file is missing or wrong. */
export const loadInterface = (file: string): PackageDefinition => loadSync(file, LOADING);

/** How one message type is written and read. Throws TypeError when `definition` has no such type. */
export function messageType(definition: PackageDefinition, name: string): MessageTypeDefinition<object, object> {
  const type = definition[name];
  if (type === undefined || !('serialize' in type) || typeof type.serialize !== 'function') {
    throw new TypeError(`no message ${name} in the speaker's interface description`);
  }
  return type as MessageTypeDefinition<object, object>;
}

/** A million paths on a slow machine; whoever takes longer drips. */
const LONGEST_LISTING_MS = 120_000;

const REASONS: Readonly<Partial<Record<status, SpeakerError['reason']>>> = {
  [status.DEADLINE_EXCEEDED]: 'timeout',
  [status.UNAVAILABLE]: 'unreachable',
  [status.UNIMPLEMENTED]: 'unsupported-version',
};

/**
 * gRPC to one daemon: every call ends by its deadline, every failure is a
 * `SpeakerError` that names daemon and call. Connects on the first call and
 * again after a loss; never repeats a call by itself.
 */
export class RpcClient {
  readonly #client: Client;
  readonly #methods: Readonly<Record<string, unknown>>;

  constructor(
    readonly name: string,
    target: string,
    definition: PackageDefinition,
    readonly service: string,
  ) {
    const methods = definition[service];
    if (methods === undefined) throw new TypeError(`no service ${service} in the speaker's interface description`);
    this.#methods = methods as Readonly<Record<string, unknown>>;
    this.#client = new Client(target, credentials.createInsecure(), CHANNEL);
  }

  async unary(method: string, request: object, deadlineMs: number): Promise<object> {
    const { path, requestSerialize, responseDeserialize } = this.#method(method);
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        new Metadata(),
        { deadline: Date.now() + deadlineMs },
        (error, answer) => {
          if (error) reject(this.#failure(method, error));
          else resolve(answer ?? {});
        },
      );
    });
  }

  /**
   * Collects a stream of answers to its end, each as `read` has its bytes, or
   * as the interface describes it. A table of any size is waited for as long
   * as it comes: `silenceMs` is between two answers.
   */
  async list<T extends object>(
    method: string,
    request: object,
    silenceMs: number,
    read?: (bytes: Buffer) => T,
  ): Promise<readonly T[]> {
    const { path, requestSerialize, responseDeserialize } = this.#method(method);
    // Whoever gives no `read` takes what the interface describes.
    const deserialize = read ?? (responseDeserialize as (bytes: Buffer) => T);
    return new Promise((resolve, reject) => {
      const answers: T[] = [];
      const call = this.#client.makeServerStreamRequest(path, requestSerialize, deserialize, request, new Metadata(), {
        deadline: Date.now() + LONGEST_LISTING_MS,
      });
      const silence = setTimeout(() => {
        reject(new SpeakerError('timeout', `${this.name}: ${method}: no answer within ${silenceMs} ms`));
        call.cancel();
      }, silenceMs);
      call
        .on('data', (answer: T) => {
          silence.refresh();
          answers.push(answer);
        })
        .on('error', (error: ServiceError) => {
          clearTimeout(silence);
          reject(this.#failure(method, error));
        })
        .on('end', () => {
          clearTimeout(silence);
          resolve(answers);
        });
    });
  }

  /** Sends a stream of requests, each taken when the daemon has read those before, and waits for its one answer. */
  async upload(method: string, requests: Iterable<object>, deadlineMs: number): Promise<void> {
    const { path, requestSerialize, responseDeserialize } = this.#method(method);
    return new Promise((resolve, reject) => {
      const call = this.#client.makeClientStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        new Metadata(),
        { deadline: Date.now() + deadlineMs },
        (error) => {
          if (error) reject(this.#failure(method, error));
          else resolve();
        },
      );
      // The answer's callback reports the failure; without a listener the event would be thrown.
      call.on('error', () => undefined);
      const left = requests[Symbol.iterator]();
      const pump = (): void => {
        for (let next = left.next(); !next.done; next = left.next()) if (!call.write(next.value)) return;
        call.end();
      };
      call.on('drain', pump);
      pump();
    });
  }

  /** Opens a stream without an end and keeps it drained: a reader that stalls makes the daemon's memory grow. */
  open(method: string, request: object, listener: StreamListener): OpenStream {
    const { path, requestSerialize, responseDeserialize } = this.#method(method);
    let over = false;
    const end = (error: ServiceError | undefined): void => {
      if (over) return;
      over = true;
      listener.ended(
        error
          ? this.#failure(method, error)
          : new SpeakerError('unreachable', `${this.name}: ${method}: stream closed`),
      );
    };
    const call = this.#client
      .makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, new Metadata())
      .on('data', (content: object) => {
        if (!over) listener.message(content);
      })
      .on('error', (error: ServiceError) => end(error))
      .on('end', () => end(undefined));
    return {
      cancel: () => {
        over = true;
        call.cancel();
      },
    };
  }

  close(): void {
    this.#client.close();
  }

  #method(name: string): Method {
    const method = this.#methods[name];
    if (method === undefined) throw new TypeError(`no call ${name} in ${this.service}`);
    return method as Method;
  }

  #failure(method: string, error: ServiceError): SpeakerError {
    const reason = REASONS[error.code] ?? 'rejected';
    // gRPC ends with this when it has no note.
    const what = (error.details || error.message).replace(/\. Resolution note: $/, '');
    return new SpeakerError(reason, `${this.name}: ${method}: ${what}${remedyFor(reason, what)}`);
  }
}

/** The daemon's own words for a port that somebody else listens on are the system's. */
function remedyFor(reason: SpeakerError['reason'], what: string): string {
  if (reason === 'unreachable') return '; is gobgpd running, with --api-hosts at this address?';
  if (what.includes('address already in use')) return '; stop the other BGP daemon: this server has one speaker';
  return '';
}
