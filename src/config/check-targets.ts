/** Which targets of checks are on the server itself. */
import { contains, prefix, type Address, type Family, familyOf } from '../model/address.js';
import type { CheckAddress } from '../model/check.js';
import type { Draft } from './schema.js';

/** Addresses that every server has: the endpoint, the ICMP sources, our ends of the tunnels. */
export type Own = ReadonlySet<Address>;

export function ownAddresses({ provider, customers }: Draft): Own {
  const { gre4 } = provider?.endpoints ?? {};
  const { v4, v6 } = provider?.icmpSource ?? {};
  const inner = Object.values(customers).flatMap(({ tunnels }) =>
    Object.values(tunnels).flatMap((tunnel) => [tunnel.inner.address, tunnel.inner6?.address]),
  );
  return new Set([gre4, v4, v6, ...inner].filter((address) => address !== undefined));
}

const LOOPBACK = [prefix('127.0.0.0/8'), prefix('::1/128')];

export const isLoopback = (target: CheckAddress): boolean =>
  !isSelf(target) && LOOPBACK.some((loopback) => contains(loopback, target));

export const isSelf = (target: CheckAddress): target is 'self' | 'self6' => target === 'self' || target === 'self6';

/** Its packets never leave the machine. */
export const isOnServer = (target: CheckAddress, own: Own): boolean =>
  isSelf(target) || isLoopback(target) || own.has(target);

export const familyOfTarget = (target: CheckAddress): Family =>
  isSelf(target) ? (target === 'self' ? 4 : 6) : familyOf(target);
