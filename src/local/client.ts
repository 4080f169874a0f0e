/**
 * Calls a process on this machine over its socket.
 *
 * Connects when the first call needs it and again after a connection broke;
 * a call that was under way when that happened is not repeated, because it
 * may have had its effect.
 */
import { connect, type Socket } from 'node:net';
import { LocalError } from '../ports/guard.js';
import { LineReader } from './lines.js';
import { type Calls, LONGEST_LINE, type Response } from './protocol.js';

interface Call {
  settle(result: unknown): void;
  fail(error: LocalError): void;
}

export interface LocalClient<C extends Calls> {
  /** Rejects with `LocalError` after `timeoutMs` at the latest. */
  call<M extends keyof C & string>(method: M, params: C[M]['params'], timeoutMs: number): Promise<C[M]['result']>;
  /** Ends the connection; calls under way are rejected. */
  close(): void;
}

/** `who` is the other side's role, for messages: `guard`. */
export function localClient<C extends Calls>(path: string, who: string): LocalClient<C> {
  const calls = new Map<number, Call>();
  let socket: Socket | undefined;
  let lastId = 0;

  const failAll = (error: LocalError): void => {
    for (const call of calls.values()) call.fail(error);
  };
  const received = (line: string): void => {
    const answer = responseOf(line);
    if (!answer) return failAll(new LocalError('malformed', `the ${who} on ${path} answered nonsense`));
    if ('result' in answer) return calls.get(answer.id)?.settle(answer.result);
    const failure = new LocalError(answer.error.reason, answer.error.message);
    // Without an id it is about a line that could not be read, or about the connection.
    if (answer.id === null) failAll(failure);
    else calls.get(answer.id)?.fail(failure);
  };
  const dial = (): Socket => {
    const fresh = connect(path);
    const reader = new LineReader(LONGEST_LINE, {
      line: received,
      tooLong: () => fresh.destroy(new Error('its answer is too long')),
    });
    let cause: Error | undefined;
    fresh.on('data', (chunk: Buffer) => reader.push(chunk));
    fresh.on('error', (error) => (cause = error));
    fresh.on('close', () => {
      if (socket === fresh) socket = undefined;
      failAll(new LocalError('unreachable', unreachable(path, who, cause)));
    });
    return fresh;
  };

  return {
    call: (method, params, timeoutMs) =>
      new Promise((resolve, reject) => {
        const id = ++lastId;
        const timer = setTimeout(() => {
          calls.get(id)?.fail(new LocalError('timeout', `the ${who} on ${path} did not answer within ${timeoutMs} ms`));
        }, timeoutMs);
        const done = (): void => {
          clearTimeout(timer);
          calls.delete(id);
        };
        calls.set(id, {
          // The other side is the same program, behind a socket that only this user can open.
          settle: (result) => (done(), resolve(result)),
          fail: (error) => (done(), reject(error)),
        });
        socket ??= dial();
        socket.write(`${JSON.stringify({ id, method, params })}\n`);
      }),
    close: () => {
      const open = socket;
      socket = undefined;
      open?.destroy();
      failAll(new LocalError('unreachable', `the connection to the ${who} was closed`));
    },
  };
}

/** By hand: the command line starts in a third of the time without a library of schemas. */
function responseOf(line: string): Response | undefined {
  const { id, result, error } = membersOf(parsed(line));
  const { reason, message } = membersOf(error);
  if (isReason(reason) && typeof message === 'string' && (id === null || isId(id))) {
    return { id, error: { reason, message } };
  }
  return isId(id) && result !== undefined ? { id, result } : undefined;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** An object's members, none of anything else. */
const membersOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {};

const isId = (value: unknown): value is number => Number.isInteger(value);

const REASONS: readonly unknown[] = [
  'unreachable',
  'timeout',
  'refused',
  'malformed',
  'in-use',
] satisfies readonly LocalError['reason'][];

const isReason = (value: unknown): value is LocalError['reason'] => REASONS.includes(value);

function unreachable(path: string, who: string, cause: Error | undefined): string {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return `no ${who} listens on ${path}; is culvert ${who} running?`;
  if (code === 'EACCES') return `no permission to open ${path}; run this as the ${who}'s user`;
  return `the connection to the ${who} on ${path} broke${cause ? `: ${cause.message}` : ''}`;
}
