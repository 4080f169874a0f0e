import fc from 'fast-check';
import { HttpResponse, type Judged } from '../../../src/drivers/check/http-response.js';
import type { HttpProbe } from '../../../src/model/check.js';

type Wanted = Pick<HttpProbe, 'status' | 'body'>;

/** Feeds `text` in pieces cut at `cuts`, then ends the connection. */
function judged(text: string | Buffer, wanted: Wanted = { status: [200] }, cuts: readonly number[] = []): Judged {
  const bytes = Buffer.isBuffer(text) ? text : Buffer.from(text, 'latin1');
  const places = [0, ...[...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const response = new HttpResponse(wanted);
  for (const [i, from] of places.slice(0, -1).entries()) {
    const end = response.feed(bytes.subarray(from, places[i + 1]));
    if (end) return end;
  }
  return response.closed();
}

const CASES: readonly (readonly [what: string, text: string, wanted: Wanted, end: string, reusable: boolean])[] = [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', { status: [200], body: 'ell' }, 'ok', true],
  ['no reason phrase', 'HTTP/1.1 200\r\ncontent-length:0\r\n\r\n', { status: [200] }, 'ok', true],
  [
    'chunks',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\nA;x=y\r\nlo, world!\r\n0\r\nX: y\r\n\r\n',
    { status: [200], body: 'hello, world' },
    'ok',
    true,
  ],
  ['until the end', 'HTTP/1.1 200 OK\r\n\r\nhello', { status: [200], body: 'hello' }, 'ok', false],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi', { status: [200] }, 'ok', false],
  ['close', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi', { status: [200] }, 'ok', false],
  [
    'hints first',
    'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
    { status: [204] },
    'ok',
    true,
  ],
  ['more than was asked for', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP', { status: [200] }, 'ok', false],
  ['another status', 'HTTP/1.1 502 Bad Gateway\r\n\r\n', { status: [200, 204] }, 'status 502', false],
  [
    'without the text',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi',
    { status: [200], body: 'ho' },
    'the body lacks the text',
    true,
  ],
  ['cut in the head', 'HTTP/1.1 200 OK\r\nContent-', { status: [200] }, 'closed before the response', false],
  [
    'cut in the body',
    'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi',
    { status: [200] },
    'closed within the response',
    false,
  ],
  [
    'cut in a chunk',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhi',
    { status: [200] },
    'closed within the response',
    false,
  ],
  ['nonsense', 'hello\r\n\r\n', { status: [200] }, 'no HTTP/1 response', false],
  [
    'a length that is none',
    'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
    { status: [200] },
    'no number in Content-Length',
    false,
  ],
  [
    'a chunk that is none',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n',
    { status: [200] },
    'no number in a chunk',
    false,
  ],
  [
    'a chunk longer than it says',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nhello\r\n',
    { status: [200] },
    'a line too long',
    false,
  ],
  [
    'another coding',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
    { status: [200] },
    'transfer coding gzip, chunked',
    false,
  ],
];

test.each(CASES)('%s', (_, text, wanted, end, reusable) => {
  const seen = ({ end: { outcome, detail }, ...rest }: Judged) => [detail ?? outcome, rest.reusable];
  expect(seen(judged(text, wanted))).toEqual([end, reusable]);
  fc.assert(
    fc.property(fc.array(fc.nat(400), { maxLength: 30 }), (cuts) => {
      expect(seen(judged(text, wanted, cuts))[0]).toBe(end);
    }),
    { numRuns: 100 },
  );
});

test('a head without end is refused at 16 KiB, a body is read no further than 64 KiB', () => {
  expect(judged(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}`).end.detail).toBe('the head exceeds 16 KiB');
  const long = (at: number) =>
    `HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n${'x'.repeat(at)}here${'x'.repeat(65_536)}`;
  const wanted = { status: [200], body: 'here' };
  expect(judged(long(65_532), wanted)).toEqual({ end: { outcome: 'ok' }, reusable: false });
  expect(judged(long(65_533), wanted).end.outcome).toBe('failed');
});

test('text beyond ASCII is compared as UTF-8', () => {
  const body = Buffer.from('grün', 'utf8');
  const text = Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`), body]);
  expect(judged(text, { status: [200], body: 'ün' }, [45, 46, 47]).end.outcome).toBe('ok');
});

test('arbitrary bytes never throw, and never are a success', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(300), { maxLength: 5 }), (bytes, cuts) => {
      expect(judged(Buffer.from(bytes), { status: [200] }, cuts).end.outcome).toBe('failed');
    }),
  );
});
