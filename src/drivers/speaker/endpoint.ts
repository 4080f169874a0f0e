import { isIP } from 'node:net';
import { SpeakerError } from '../../ports/speaker.js';

const REMEDY = 'use unix:/path/to/socket, 127.0.0.1:PORT or [::1]:PORT';

function isLoopback(host: string): boolean {
  return (isIP(host) === 4 && host.startsWith('127.')) || host === '::1';
}

/**
 * The gRPC target for the daemon's address: `unix:/absolute/path`,
 * `127.0.0.1:50051` or `[::1]:50051`.
 *
 * GoBGP's API has no authorization, whoever reaches it may announce anything:
 * other machines' addresses, and names, which a resolver could turn into
 * them, are refused. Throws `SpeakerError` `invalid`.
 */
export function endpointOf(address: string): string {
  const path = /^unix:(?:\/\/)?(\/.+)$/.exec(address)?.[1];
  if (path !== undefined) return `unix:${path}`;
  if (address.startsWith('unix:')) {
    throw new SpeakerError('invalid', `speaker address ${address}: the socket's path is not absolute; ${REMEDY}`);
  }
  const [, v6, v4, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = v6 ?? v4 ?? '';
  if (port === undefined || isIP(host) === 0 || Number(port) < 1 || Number(port) > 65_535) {
    throw new SpeakerError('invalid', `speaker address ${JSON.stringify(address)} is not understood; ${REMEDY}`);
  }
  if (!isLoopback(host)) {
    throw new SpeakerError('invalid', `speaker address ${address} is not on this machine's loopback; ${REMEDY}`);
  }
  return address;
}
