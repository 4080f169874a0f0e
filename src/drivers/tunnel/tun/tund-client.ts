import { createConnection } from 'node:net';
import { KernelError } from '../../../ports/kernel.js';
import { answer, LINE_LIMIT_BYTES, type Answer, type Request } from './protocol.js';

/** tund does nothing that takes long; a thousand devices are opened in 200 ms. */
const DEADLINE_MS = 3_000;

/** Nobody listens: no tund, and so none of its devices. */
export class TundGone extends KernelError {
  constructor(path: string) {
    super('failed', `no tund listens at ${path}; start it: culvert tund --socket ${path}`);
  }
}

/** Asks tund once. Rejects with `TundGone`, or with `KernelError` when it does not answer in time or not sensibly. */
export async function askTund<A extends Answer['answer']>(
  path: string,
  request: Request,
  expected: A,
): Promise<Extract<Answer, { answer: A }>> {
  const line = await exchange(path, `${JSON.stringify(request)}\n`);
  const parsed = answer.safeParse(parseJson(line));
  if (!parsed.success) throw new KernelError('unreadable', `tund at ${path}: an answer that is not understood`);
  if (parsed.data.answer === 'failed') throw new KernelError('failed', `tund: ${parsed.data.message}`);
  if (parsed.data.answer !== expected)
    throw new KernelError('unreadable', `tund at ${path}: an answer to something else`);
  return parsed.data as Extract<Answer, { answer: A }>;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function exchange(path: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const connection = createConnection(path, () => connection.write(line));
    const end = (settle: () => void): void => {
      clearTimeout(deadline);
      connection.destroy();
      settle();
    };
    const deadline = setTimeout(() => {
      end(() => reject(new KernelError('timeout', `tund at ${path}: no answer within ${DEADLINE_MS} ms`)));
    }, DEADLINE_MS);
    connection.setEncoding('utf8');
    connection.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > LINE_LIMIT_BYTES)
        end(() => reject(new KernelError('unreadable', `tund at ${path}: endless answer`)));
    });
    connection.on('end', () => end(() => resolve(text)));
    connection.on('error', (error: NodeJS.ErrnoException) => end(() => reject(connectionError(path, error))));
  });
}

function connectionError(path: string, { code = '', message }: NodeJS.ErrnoException): KernelError {
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return new TundGone(path);
  if (code === 'EACCES') {
    return new KernelError('not-permitted', `tund at ${path}: not permitted; run as the user who runs tund`);
  }
  return new KernelError('failed', `tund at ${path}: ${message}`);
}
