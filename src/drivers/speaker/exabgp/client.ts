import { connect, type Socket } from 'node:net';
import type { LargeCommunity } from '../../../model/path.js';
import { type Doubt, SpeakerError } from '../../../ports/speaker.js';
import type { EventListener, EventSource } from '../watch.js';
import { type Calls, lineOf, type Method, PROTOCOL, readLines, type Reply } from './lines.js';

/** Milliseconds for a bridge that is alive to say so, before it is given as long as a call may take. */
const HELLO_MS = 2_000;

interface Waiting {
  readonly timer: NodeJS.Timeout;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: SpeakerError) => void;
}

/** One connection to the bridge. */
class Connection {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #over: SpeakerError | undefined;
  readonly #hello: Calls['hello']['params'];

  constructor(
    private readonly name: string,
    path: string,
    tag: LargeCommunity | undefined,
    private readonly wake: (doubt: Doubt) => void,
    private readonly ended: () => void,
  ) {
    this.#socket = connect(path);
    this.#socket.on('error', (error) => this.#end(error.message));
    this.#socket.on('close', () => this.#end('the connection ended'));
    readLines(this.#socket, (value) => this.#take(value as Reply));
    this.#hello = tag === undefined ? {} : { tag };
  }

  /** Rejects when the other end does not answer at once, or speaks another protocol; then the connection is over. */
  async greet(): Promise<void> {
    try {
      const { protocol } = await this.call('hello', this.#hello, HELLO_MS);
      if (protocol === PROTOCOL) return;
      const problem = 'its bridge is of another version of Culvert; restart exabgp, which ends its sessions';
      throw new SpeakerError('unsupported-version', `${this.name}: ${problem}`);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get isOver(): boolean {
    return this.#over !== undefined;
  }

  call<M extends Method>(method: M, params: Calls[M]['params'], deadlineMs: number): Promise<Calls[M]['result']> {
    if (this.#over) return Promise.reject(this.#over);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new SpeakerError('timeout', `${this.name}: ${method}: no answer within ${deadlineMs} ms`));
      }, deadlineMs);
      this.#waiting.set(id, { timer, resolve: resolve as (result: unknown) => void, reject });
      this.#socket.write(lineOf({ id, method, params }));
    });
  }

  close(): void {
    this.#socket.destroy();
    this.#end('closed');
  }

  #take(reply: Reply): void {
    if ('wake' in reply) return this.wake(reply.wake);
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    clearTimeout(waiting?.timer);
    if ('result' in reply) waiting?.resolve(reply.result);
    else waiting?.reject(new SpeakerError(reply.error.reason, `${this.name}: ${reply.error.message}`));
  }

  #end(why: string): void {
    if (this.#over) return;
    const remedy = 'is exabgp running, with the configuration that culvert exabgp-bridge --prepare wrote?';
    this.#over = new SpeakerError('unreachable', `${this.name}: ${why}; ${remedy}`);
    for (const { timer, reject } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(this.#over);
    }
    this.#waiting.clear();
    this.ended();
  }
}

/** Calls on the bridge's socket. Connects at the first call and again after a loss; never repeats a call. */
export class BridgeClient implements EventSource {
  #connection: Connection | undefined;

  constructor(
    readonly name: string,
    private readonly path: string,
    private readonly tag: LargeCommunity | undefined,
  ) {}

  async call<M extends Method>(method: M, params: Calls[M]['params'], deadlineMs: number): Promise<Calls[M]['result']> {
    if (!this.#connection || this.#connection.isOver) {
      const nothing = (): void => undefined;
      this.#connection = new Connection(this.name, this.path, this.tag, nothing, nothing);
    }
    const connection = this.#connection;
    await connection.greet();
    return connection.call(method, params, deadlineMs);
  }

  watchEvents(listener: EventListener): { cancel(): void } {
    let cancelled = false;
    const connection = new Connection(
      this.name,
      this.path,
      this.tag,
      (doubt) => listener.event(doubt),
      () => {
        if (!cancelled) listener.ended();
      },
    );
    connection
      .greet()
      .then(() => connection.call('watch', {}, HELLO_MS))
      .catch(() => connection.close());
    return {
      cancel: () => {
        cancelled = true;
        connection.close();
      },
    };
  }

  close(): void {
    this.#connection?.close();
  }
}
