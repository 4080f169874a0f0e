/** Lines of JSON between the guard and the bridge, both ways; this file is what both ends know. */
import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import type { Address, Prefix } from '../../../model/address.js';
import type { LargeCommunity, SpeakerOp } from '../../../model/path.js';
import type { Doubt, SpeakerError } from '../../../ports/speaker.js';
import type { Seen } from './seen.js';

/** The bridge lives as long as the daemon and may be of an older Culvert than the guard. */
export const PROTOCOL = 2;

/** Characters: the paths of 100,000 prefixes have about 25 million. */
export const LONGEST_LINE = 64 * 1024 * 1024;

/** What can be asked. `tag`: a path without this large community is foreign. */
export interface Calls {
  readonly hello: {
    readonly params: { readonly tag?: LargeCommunity };
    readonly result: { readonly protocol: number };
  };
  readonly observe: { readonly params: object; readonly result: Seen };
  readonly recheck: { readonly params: { readonly doubted: readonly Prefix[] }; readonly result: Seen };
  readonly apply: { readonly params: { readonly ops: readonly SpeakerOp[] }; readonly result: null };
  readonly stillSent: {
    readonly params: { readonly prefixes: readonly Prefix[]; readonly peers: readonly Address[] };
    readonly result: readonly Prefix[];
  };
  /** From here on the connection is told where to look. */
  readonly watch: { readonly params: object; readonly result: null };
}

export type Method = keyof Calls;

export interface Request<M extends Method = Method> {
  readonly id: number;
  readonly method: M;
  readonly params: Calls[M]['params'];
}

export type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly reason: SpeakerError['reason']; readonly message: string } }
  | { readonly wake: Doubt };

/** Calls `line` with each line's value. A line that is too long, or no JSON, ends the connection. */
export function readLines(socket: Socket, line: (value: unknown) => void): void {
  const decoder = new StringDecoder('utf8');
  let pieces: string[] = [];
  let held = 0;
  socket.on('data', (chunk: Buffer) => {
    const [first = '', ...rest] = decoder.write(chunk).split('\n');
    const lines = rest.length === 0 ? [] : [pieces.join('') + first, ...rest.slice(0, -1)];
    if (lines.length > 0) [pieces, held] = [[], 0];
    const tail = rest.length === 0 ? first : (rest.at(-1) ?? '');
    pieces.push(tail);
    held += tail.length;
    try {
      for (const text of lines) line(JSON.parse(text));
    } catch (error) {
      socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
    if (held > LONGEST_LINE) socket.destroy(new Error('a line without an end'));
  });
}

export const lineOf = (value: Request | Reply): string => `${JSON.stringify(value)}\n`;
