/**
 * Services to check, as a program: `responders ADDRESS [CERTIFICATE KEY]`.
 * TCP on 7, HTTP on 80, HTTPS on 443; prints a line when all of them listen.
 */
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';

const [address, certificate, key] = process.argv.slice(2);
let connections = 0;

const answer: RequestListener = (request, response) => {
  const path = request.url ?? '';
  switch (path) {
    case '/connections':
      return void response.end(`connections: ${connections}`);
    case '/source':
      return void response.end(`source: ${request.socket.remoteAddress ?? ''}`);
    case '/host':
      return void response.end(`host: ${request.headers.host ?? ''}`);
    case '/once':
      return void response.setHeader('Connection', 'close').end('once');
    case '/chunks':
      response.write('in two ');
      return void setTimeout(() => response.end('pieces'), 5);
    case '/slow':
      response.write('it begins');
      return drip(response);
    case '/huge':
      return pour(response, 'x'.repeat(65_536));
    case '/buried':
      response.write('x'.repeat(65_530));
      return void response.end('treasure');
    case '/silent':
      return;
    case '/reset':
      return void request.socket.resetAndDestroy();
    case '/closed':
      return void request.socket.end();
    case '/garbage':
      return void request.socket.end('SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n');
    default:
      response.statusCode = Number(path.slice(1));
      return void response.end('as asked');
  }
};

function drip(response: ServerResponse): void {
  const dripping = setInterval(() => response.write('.'), 10);
  response.once('close', () => clearInterval(dripping));
}

function pour(response: ServerResponse, piece: string): void {
  while (!response.closed && response.write(piece));
  if (!response.closed) response.once('drain', () => pour(response, piece));
}

/** Node adds a second of its own to `keepAliveTimeout`: idle connections are ended by hand. */
const IDLE_MS = 300;
const http = createServer({ keepAliveTimeout: 0 }, (request, response) => {
  request.socket.setTimeout(0);
  response.once('finish', () => request.socket.setTimeout(IDLE_MS));
  answer(request, response);
}).on('connection', () => connections++);
const tcp = createTcpServer((socket) => socket.on('error', () => undefined));
const servers = [http.listen(80, address), tcp.listen(7, address)];
if (certificate !== undefined && key !== undefined) {
  const tls = { cert: readFileSync(certificate), key: readFileSync(key) };
  servers.push(createTlsServer(tls, answer).listen(443, address));
}
await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))));
console.log(`listening on ${(tcp.address() as AddressInfo).address}`);
