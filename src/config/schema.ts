/** The fleet file as an operator writes it: keys, types, defaults and what each key means. */
import { z } from 'zod';
import { named, NAME_PATTERN } from './named.js';
import { customerCheckSchema, providerCheckSchema } from './schema-checks.js';
import { firewallSchema } from './schema-firewall.js';
import { routerSchema } from './schema-routers.js';
import { safetySchema } from './schema-safety.js';
import { addressOf, asn, duration, flag, linkOf, prefixOfFamily, whole, words } from './values.js';

const WHOLE_16_BIT = 0xffff;
const WHOLE_32_BIT = 0xffffffff;

const COVERING_REMEDY = 'write a list of prefixes, such as [198.51.100.0/24]';
const UPLINKS_REMEDY = 'write a list of interfaces, such as [eth1]';

const providerSchema = z
  .strictObject(
    {
      asn: asn(
        'AS number of the network that scrubs: origin of the covering prefixes, and first in front of customers.',
      ),
      endpoints: z
        .strictObject(
          { gre4: addressOf(4, 'GRE tunnels end here.') },
          { error: 'write endpoints: { gre4: 198.51.100.1 }' },
        )
        .meta({ description: 'Anycast addresses that terminate tunnels, the same on every server.' }),
      covering: z
        .array(prefixOfFamily(undefined, 'A prefix of the provider.'), { error: COVERING_REMEDY })
        .min(1, { error: COVERING_REMEDY })
        .meta({
          description:
            'Announced while endpoints and decapsulation are verified on a server; every endpoint lies inside one.',
        }),
      icmpSource: z
        .strictObject(
          {
            v4: addressOf(4, 'Source of ICMP errors.'),
            v6: addressOf(6, 'Source of ICMPv6 errors; required as soon as a customer has an IPv6 prefix.').optional(),
          },
          { error: 'write icmpSource: { v4: 198.51.100.2 }' },
        )
        .meta({
          description:
            "Where ICMP errors from inside customers' namespaces come from. Public, or path-MTU discovery breaks.",
        }),
      checks: named(providerCheckSchema, 'Govern everything that a server announces.').default({}),
    },
    { error: 'write provider: with asn, endpoints, covering and icmpSource' },
  )
  .meta({ description: 'The network that scrubs.' });

const serverSchema = z.strictObject(
  {
    asn: asn("AS number of the server; the provider's unless the site speaks eBGP to its routers.").optional(),
    v4: addressOf(4, 'Unicast: next hop of what this server announces, and source of its probes.'),
    v6: addressOf(6, 'The same for IPv6.').optional(),
    uplinks: z
      .array(z.string({ error: 'write the name of an interface such as eth1' }), { error: UPLINKS_REMEDY })
      .min(1, { error: UPLINKS_REMEDY })
      .meta({ description: "Interfaces on which customers' packets arrive." }),
    speaker: words(['gobgp', 'exabgp'], 'The BGP daemon that the guard commands.').default('gobgp'),
  },
  { error: 'write { v4: 198.18.1.11, uplinks: [eth1] }' },
);

const siteSchema = z.strictObject(
  {
    region: z
      .string({ error: 'write a name such as eu' })
      .regex(NAME_PATTERN, { error: 'write a name such as eu' })
      .meta({ description: 'Region of the site.' }),
    routers: named(routerSchema, "The site's own routers, which spread flows over the servers."),
    servers: named(serverSchema, 'The servers of the site.'),
  },
  { error: 'write the site as a map with region, routers and servers' },
);

const probeSchema = z
  .strictObject(
    {
      kind: words(
        ['request', 'reply'],
        "request: the target answers. reply: we send the target's answer, which the customer's router only forwards.",
      ).default('request'),
      target: addressOf(
        4,
        "Destination of requests and source of replies; the tunnel's remote unless written.",
      ).optional(),
      interval: duration(50, 60_000, 'Time between probes,').prefault('1s'),
      timeout: duration(
        20,
        10_000,
        'When an answer counts as lost; the interval unless written, at least 100ms and at most 1s. Written:',
      ).optional(),
      rise: whole(1, 100, 'Successes in a row until up.').default(3),
      fall: whole(1, 100, 'Failures in a row until down.').default(3),
    },
    { error: 'write probe: { interval: 1s }, or leave it out' },
  )
  .meta({ description: 'ICMP echo through the tunnel; the answer returns outside it.' })
  .prefault({});

const tunnelSchema = z.strictObject(
  {
    remote: addressOf(4, "Public address of the customer's router."),
    key: whole(0, WHOLE_32_BIT, 'GRE key (RFC 2890).').optional(),
    inner: linkOf(4, 'Our address inside the tunnel, /30 or /31.'),
    inner6: linkOf(6, 'Our IPv6 address inside the tunnel, /126, /127 or /64.').optional(),
    mtu: whole(0, WHOLE_16_BIT, 'Largest inner packet in bytes. Default 1476, 1472 with a key.').optional(),
    probe: probeSchema,
  },
  { error: 'write { remote: 198.51.100.66, inner: 10.255.0.0/31 }' },
);

/** An empty list is refused: what selects nothing must not be taken for everything. */
const scope = (what: string, such: string) => {
  const remedy = `write a list such as [${such}], or leave it out for everywhere`;
  return z
    .array(z.string({ error: `write a name such as ${such}` }), { error: remedy })
    .min(1, { error: remedy })
    .meta({
      description: `${what} at which the route counts; with sites and regions at both, without either everywhere.`,
    });
};

const customerSchema = z.strictObject(
  {
    asn: asn('AS number of the customer; the path on the wire is `provider customer`.'),
    prefixes: z
      .array(
        z.strictObject(
          {
            prefix: prefixOfFamily(undefined, 'IPv4 /8 to /24, IPv6 /16 to /48.'),
            advertise: flag('Whether the servers announce it.'),
            onDemand: flag('With advertise: false, permits `culvert advertise` to announce it.').exactOptional(),
          },
          { error: 'write { prefix: 203.0.113.0/24, advertise: true }' },
        ),
        { error: 'write a list such as [{ prefix: 203.0.113.0/24, advertise: true }]' },
      )
      .meta({ description: 'What is carried for the customer.' }),
    tunnels: named(tunnelSchema, "GRE tunnels to the customer's routers.").default({}),
    routes: z
      .array(
        z.strictObject(
          {
            prefix: prefixOfFamily(undefined, "One of the customer's prefixes or a part of it."),
            tunnel: z
              .string({ error: "write the name of one of the customer's tunnels" })
              .meta({ description: 'Name of a tunnel of this customer.' }),
            priority: whole(0, WHOLE_16_BIT, 'Lower wins.').default(100),
            weight: whole(1, 256, 'Share among routes of equal priority.').default(1),
            sites: scope('Sites', 'ams').exactOptional(),
            regions: scope('Regions', 'eu').exactOptional(),
          },
          { error: 'write { prefix: 203.0.113.0/24, tunnel: us }' },
        ),
        { error: 'write a list such as [{ prefix: 203.0.113.0/24, tunnel: us }]' },
      )
      .meta({ description: 'Which tunnel carries which prefix.' })
      .default([]),
    firewall: firewallSchema,
    checks: named(customerCheckSchema, "Govern this customer's prefixes.").default({}),
  },
  { error: 'write the customer as a map with asn, prefixes, tunnels and routes' },
);

const kernelSchema = z
  .strictObject(
    {
      mark: whole(0, WHOLE_32_BIT, "Firewall mark of customers' packets.").default(0x77000000),
      mask: whole(0, WHOLE_32_BIT, 'Bits of the mark that are ours.').default(0xff000000),
      table: whole(0, WHOLE_32_BIT, "Routing table of customers' prefixes.").default(7700),
      protocol: whole(0, 255, 'Protocol number on our routes.').default(77),
      rulePreference: whole(1, 32_765, 'Preference of our routing rules, before main (32766).').default(7700),
    },
    { error: 'write kernel: { table: 7700 }, or leave it out' },
  )
  .meta({ description: "Numbers by which our kernel objects are told from everybody else's." })
  .prefault({});

export const fleetSchema = z
  .strictObject(
    {
      allowReserved: flag(
        'Permits documentation, private and other special-purpose ranges, and leaves private AS numbers in what upstreams get: for labs.',
      ).default(false),
      provider: providerSchema,
      safety: safetySchema,
      kernel: kernelSchema,
      sites: named(siteSchema, 'Points of presence.'),
      customers: named(customerSchema, 'Whose packets are scrubbed.').default({}),
    },
    { error: 'begin with provider:, sites: and customers:' },
  )
  .meta({ title: 'Culvert fleet', description: 'A scrubbing network: provider, sites and customers.' });

/** What is left of a fleet when the parts that are wrong in themselves are taken out. */
export const draftSchema = fleetSchema.extend({
  provider: providerSchema.optional(),
  sites: named(siteSchema, 'Points of presence.').default({}),
});

export type Draft = z.output<typeof draftSchema>;
export type CompleteDraft = z.output<typeof fleetSchema>;
export type DraftProvider = z.output<typeof providerSchema>;
export type DraftServer = z.output<typeof serverSchema>;
export type DraftCustomer = z.output<typeof customerSchema>;
export type DraftTunnel = z.output<typeof tunnelSchema>;
