import { address } from './address.js';

/**
 * The two ends of every veth pair between the default namespace (outside) and
 * a customer's (inside). Link-local (RFC 4291 2.5.6), so that all pairs share
 * them; IPv4 routes use them as IPv6 next hops too (RFC 8950 in spirit).
 */
export const EDGE_OUTSIDE = address('fe80::1');
export const EDGE_INSIDE = address('fe80::2');
/** Of both. */
export const EDGE_LENGTH = 64;
