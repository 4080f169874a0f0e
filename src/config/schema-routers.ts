/** A site's own routers: the sessions with our servers, and what the rest of their configuration needs. */
import { z } from 'zod';
import { named } from './named.js';
import { addressOf, asn, flag, prefixOfFamily, whole } from './values.js';

/** RFC 4271 4.2: two octets of seconds. */
const LONGEST_HOLD = 0xffff;
const MOST_PREFIXES = 0xffffffff;

/** RFC 2385 4.5 leaves the length open; Linux takes keys of up to 80 bytes. */
const passwordSchema = z
  .string({ error: 'write the key as text, in quotes' })
  .regex(/^[\x21-\x7e]{1,80}$/, { error: 'write 1 to 80 printable ASCII characters without blanks' })
  .meta({ description: 'TCP MD5 signature key (RFC 2385), 1 to 80 characters.' });

const upstreamSchema = z.strictObject(
  {
    asn: asn('AS number of the upstream.'),
    v4: addressOf(4, "The upstream's end of the IPv4 session.").optional(),
    v6: addressOf(6, "The upstream's end of the IPv6 session.").optional(),
    password: passwordSchema.optional(),
  },
  { error: 'write { asn: 64496, v4: 198.18.0.2 }' },
);

const NETWORKS_REMEDY = 'write a list of prefixes, such as [198.51.100.0/24]';

export const routerSchema = z.strictObject(
  {
    asn: asn("AS number of the router; equal to the server's for iBGP."),
    v4: addressOf(4, 'IPv4 address of the session.').optional(),
    v6: addressOf(6, 'IPv6 address of the session.').optional(),
    hold: whole(0, LONGEST_HOLD, 'Hold time in seconds (RFC 4271 4.2): 0 or at least 3.').default(9),
    keepalive: whole(
      0,
      LONGEST_HOLD,
      'Keepalive interval in seconds: at most a third of hold. Default 3, or a third of hold.',
    ).optional(),
    password: passwordSchema.optional(),
    ttlSecurity: flag('GTSM (RFC 5082); eBGP only, and on both sides.').default(false),
    gracefulRestart: whole(
      0,
      4_095,
      'Seconds for which the router keeps our routes when the session breaks (RFC 4724); 0 is off. It keeps those of a dead server as well, and sends packets there.',
    ).default(0),
    passive: flag('The router opens the session; the servers only listen.').default(false),
    multihop: whole(
      2,
      255,
      'TTL towards a router that is not on the link; eBGP only, and not with ttlSecurity.',
    ).optional(),
    maxPrefix: z
      .strictObject(
        {
          v4: whole(1, MOST_PREFIXES, 'IPv4 prefixes.').optional(),
          v6: whole(1, MOST_PREFIXES, 'IPv6 prefixes.').optional(),
        },
        { error: 'write maxPrefix: { v4: 100, v6: 100 }' },
      )
      .meta({
        description:
          'How many prefixes the router may send; with one more the session ends (RFC 4486) and stays down until somebody acts. No limit unless written.',
      })
      .prefault({}),
    id: addressOf(4, 'Router id (RFC 4271 4.2); v4 unless written.').optional(),
    networks: z
      .array(prefixOfFamily(undefined, "A network of the site's own."), { error: NETWORKS_REMEDY })
      .meta({
        description:
          "The site's own networks, such as those of its servers' unicast addresses: the router announces them to its upstreams.",
      })
      .default([]),
    upstreams: named(
      upstreamSchema,
      'Whom the router takes routes to the Internet from and gives ours to. With them `culvert render router` prints all of its configuration.',
    ).default({}),
  },
  { error: 'write { asn: 64500, v4: 198.18.1.1 }' },
);

export type DraftRouter = z.output<typeof routerSchema>;
export type DraftUpstream = z.output<typeof upstreamSchema>;
