/**
 * Reads one HTTP/1.1 response (RFC 9112) from whatever pieces it arrives in,
 * and judges it. Bounded: 16 KiB of head, 64 KiB of body.
 */
import type { HttpProbe } from '../../model/check.js';
import { failed, OK, type End } from './probing.js';

const HEAD_LIMIT = 16 * 1024;
const BODY_LIMIT = 64 * 1024;
/** A chunk's size in hexadecimal, and extensions that nobody sends. */
const CHUNK_LINE_LIMIT = 1024;

/** The end, and whether the connection can carry another request. */
export interface Judged {
  readonly end: End;
  readonly reusable: boolean;
}

const broken = (what: string): Judged => ({ end: failed(what), reusable: false });

/** Fields that say how the body is framed; the first of several counts. */
const CONNECTION = /\r\nconnection:[ \t]*([^\r\n]*)/i;
const TRANSFER_ENCODING = /\r\ntransfer-encoding:[ \t]*([^\r\n]*)/i;
const CONTENT_LENGTH = /\r\ncontent-length:[ \t]*([^\r\n]*)/i;

type State = 'head' | 'length' | 'chunk-line' | 'chunk' | 'chunk-end' | 'trailers' | 'until-close';

const NOTHING: Buffer = Buffer.alloc(0);

export class HttpResponse {
  readonly #needle: Buffer | undefined;
  #state: State = 'head';
  #unread = NOTHING;
  #headBytes = 0;
  /** Left of the body, or of the chunk. */
  #left = 0;
  #body: Buffer[] = [];
  #bodyBytes = 0;
  #keepsAlive = true;

  constructor(private readonly wanted: Pick<HttpProbe, 'status' | 'body'>) {
    this.#needle = wanted.body === undefined ? undefined : Buffer.from(wanted.body);
  }

  /** `undefined` until it can be judged. What comes after the response makes the connection unfit for another. */
  feed(piece: Buffer): Judged | undefined {
    this.#unread = this.#unread.length === 0 ? piece : Buffer.concat([this.#unread, piece]);
    for (;;) {
      const before = this.#unread.length;
      const state = this.#state;
      const judged = this.#step();
      if (judged !== undefined) return judged;
      if (this.#unread.length === before && this.#state === state) return undefined;
    }
  }

  /** The connection has ended. */
  closed(): Judged {
    if (this.#state === 'until-close') return this.#judge(false);
    return broken(this.#state === 'head' ? 'closed before the response' : 'closed within the response');
  }

  #step(): Judged | undefined {
    switch (this.#state) {
      case 'head':
        return this.#readHead();
      case 'length':
        this.#takeBody();
        return this.#left === 0 || this.#isEnough() ? this.#judge(this.#left === 0) : undefined;
      case 'chunk-line':
        return this.#readChunkLine();
      case 'chunk':
        this.#takeBody();
        if (this.#left === 0) this.#state = 'chunk-end';
        return this.#isEnough() ? this.#judge(false) : undefined;
      case 'chunk-end':
        return this.#readLine(0, () => void (this.#state = 'chunk-line'));
      case 'trailers':
        return this.#readLine(HEAD_LIMIT, (line) => (line === '' ? this.#judge(true) : undefined));
      case 'until-close':
        this.#left = Infinity;
        this.#takeBody();
        return this.#isEnough() ? this.#judge(false) : undefined;
    }
  }

  #readHead(): Judged | undefined {
    const end = this.#unread.indexOf('\r\n\r\n');
    if (this.#headBytes + (end < 0 ? this.#unread.length : end) > HEAD_LIMIT) return broken('the head exceeds 16 KiB');
    if (end < 0) return undefined;
    const head = this.#unread.toString('latin1', 0, end);
    this.#unread = this.#unread.subarray(end + 4);
    this.#headBytes += end + 4;
    const match = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: |\r\n|$)/.exec(head);
    if (!match) return broken('no HTTP/1 response');
    const status = Number(match[2]);
    if (status < 200) return undefined; // RFC 9110 15.2: another head follows
    if (!this.wanted.status.includes(status)) return broken(`status ${status}`);
    return this.#frameBody(head, status, match[1] === '1');
  }

  /** RFC 9112 6.3: how long the body is. */
  #frameBody(head: string, status: number, isHttp11: boolean): Judged | undefined {
    const connection = CONNECTION.exec(head)?.[1]?.toLowerCase() ?? '';
    this.#keepsAlive = isHttp11 && !connection.includes('close');
    if (status === 204 || status === 304) return this.#judge(true);
    const coding = TRANSFER_ENCODING.exec(head)?.[1]?.trim();
    const length = CONTENT_LENGTH.exec(head)?.[1]?.trim();
    if (coding !== undefined) {
      if (coding.toLowerCase() !== 'chunked') return broken(`transfer coding ${coding.slice(0, 20)}`);
      this.#state = 'chunk-line';
    } else if (length !== undefined) {
      if (!/^\d{1,15}$/.test(length)) return broken('no number in Content-Length');
      this.#left = Number(length);
      this.#state = 'length';
    } else {
      this.#state = 'until-close';
    }
    return undefined;
  }

  #readChunkLine(): Judged | undefined {
    return this.#readLine(CHUNK_LINE_LIMIT, (line) => {
      const size = /^([0-9a-f]{1,8})\s*(;|$)/i.exec(line)?.[1];
      if (size === undefined) return broken('no number in a chunk');
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? 'trailers' : 'chunk';
      return undefined;
    });
  }

  #readLine(limit: number, use: (line: string) => Judged | undefined): Judged | undefined {
    const end = this.#unread.indexOf('\r\n');
    if ((end < 0 ? this.#unread.length - 1 : end) > limit) return broken('a line too long');
    if (end < 0) return undefined;
    const line = this.#unread.toString('latin1', 0, end);
    this.#unread = this.#unread.subarray(end + 2);
    return use(line);
  }

  #takeBody(): void {
    const taken = this.#unread.subarray(0, Math.min(this.#left, this.#unread.length));
    this.#unread = this.#unread.subarray(taken.length);
    this.#left -= taken.length;
    this.#bodyBytes += taken.length;
    if (this.#needle !== undefined && taken.length > 0) this.#body.push(taken);
  }

  #isEnough(): boolean {
    return this.#bodyBytes >= BODY_LIMIT;
  }

  #judge(isComplete: boolean): Judged {
    const reusable = isComplete && this.#keepsAlive && this.#unread.length === 0;
    if (this.#needle === undefined) return { end: OK, reusable };
    const body = Buffer.concat(this.#body).subarray(0, BODY_LIMIT);
    return { end: body.includes(this.#needle) ? OK : failed('the body lacks the text'), reusable };
  }
}
