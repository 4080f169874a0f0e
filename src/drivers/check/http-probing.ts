import { Socket } from 'node:net';
import { connect as startTls } from 'node:tls';
import { familyOf, type Address } from '../../model/address.js';
import type { CheckSpec, HttpProbe } from '../../model/check.js';
import { DEFAULT_NETNS } from '../../model/naming.js';
import type { FileDescriptor, Syscalls } from '../../ports/syscall.js';
import type { Connector } from './connector.js';
import { HttpResponse, type Judged } from './http-response.js';
import { errnoText, failed, unsent, type End, type Probing } from './probing.js';

/** One response awaited. */
interface Asked {
  readonly response: HttpResponse;
  /** On a connection that carried others before: it may have been closed in the meantime, which proves nothing. */
  readonly reused: boolean;
  heard: boolean;
}

const DEFAULT_PORT = { http: 80, https: 443 } as const;

/** RFC 9110 7.2: the port is left out where it is the scheme's own; IPv6 addresses stand in brackets. */
function hostOf({ target, port, host, tls }: HttpProbe<Address>): string {
  if (host !== undefined) return host;
  const name = familyOf(target) === 6 ? `[${target}]` : target;
  return port === DEFAULT_PORT[tls === undefined ? 'http' : 'https'] ? name : `${name}:${port}`;
}

/**
 * GET over a connection that is kept for the next probe. Not inside customers'
 * namespaces: it would keep a deleted one alive, and go on proving it.
 */
export function httpProbing(
  { syscalls, connector }: { readonly syscalls: Syscalls; readonly connector: Connector },
  spec: CheckSpec,
  probe: HttpProbe<Address>,
  ended: (end: End) => void,
): Probing {
  const keeps = spec.netns === DEFAULT_NETNS;
  const request = Buffer.from(
    `GET ${probe.path} HTTP/1.1\r\nHost: ${hostOf(probe)}\r\nUser-Agent: culvert\r\nAccept: */*\r\n` +
      `Connection: ${keeps ? 'keep-alive' : 'close'}\r\n\r\n`,
    'latin1',
  );
  const door = connector.towards(spec, probe.target, probe.port, { connected: onConnected, refused: ended });
  let socket: Socket | undefined;
  let asked: Asked | undefined;

  function onConnected(fd: FileDescriptor): void {
    try {
      socket = opened(fd);
    } catch (error) {
      syscalls.close(fd);
      return ended(unsent((error as Error).message));
    }
    ask(socket, false);
  }

  function opened(fd: FileDescriptor): Socket {
    const plain = new Socket({ fd, readable: true, writable: true });
    const opening = probe.tls === undefined ? plain : secured(plain, probe.tls.verify);
    opening.on('data', (piece: Buffer) => {
      if (opening === socket) onPiece(piece);
    });
    let reason: Error | undefined;
    opening.on('error', (error) => (reason = error));
    opening.once('close', () => {
      if (opening === socket) onClosed(reason);
    });
    return opening;
  }

  /** The certificate is checked for the host's name, or for the address. */
  function secured(plain: Socket, verify: boolean): Socket {
    const name = probe.host?.replace(/:\d+$/, '');
    return startTls({
      socket: plain,
      host: name ?? probe.target,
      ...(name !== undefined && /[a-z]/i.test(name) && { servername: name }),
      rejectUnauthorized: verify,
      ALPNProtocols: ['http/1.1'],
    });
  }

  function ask(open: Socket, reused: boolean): void {
    asked = { response: new HttpResponse(probe), reused, heard: false };
    open.write(request);
  }

  function onPiece(piece: Buffer): void {
    if (asked === undefined) return drop(); // speaks without being asked
    asked.heard = true;
    const judged = asked.response.feed(piece);
    if (judged !== undefined) settle(judged);
  }

  function onClosed(reason: Error | undefined): void {
    socket = undefined;
    if (asked === undefined) return;
    if (asked.reused && !asked.heard) {
      asked = undefined;
      const end = door.knock();
      if (end !== undefined) ended(end);
    } else if (reason !== undefined) {
      settle({ end: failed(textOf(reason)), reusable: false });
    } else {
      settle(asked.response.closed());
    }
  }

  function settle({ end, reusable }: Judged): void {
    asked = undefined;
    if (!reusable || !keeps) drop();
    ended(end);
  }

  function drop(): void {
    const dropped = socket;
    [socket, asked] = [undefined, undefined];
    dropped?.destroy();
  }

  function abandon(): void {
    door.leave();
    if (asked !== undefined) drop();
  }

  return {
    silence: 'no response',
    begin: () => {
      if (socket === undefined) return door.knock();
      ask(socket, true);
      return undefined;
    },
    look: () => connector.look(),
    abandon,
    close: () => {
      abandon();
      drop();
    },
  };
}

/** `connection reset by peer`, `self-signed certificate`, `wrong version number`: one line. */
function textOf(error: Error): string {
  const { errno, reason } = error as NodeJS.ErrnoException & { readonly reason?: unknown };
  if (typeof reason === 'string') return reason;
  return errno === undefined ? (error.message.split('\n')[0] ?? '') : errnoText(errno);
}
