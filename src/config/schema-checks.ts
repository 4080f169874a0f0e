/** The `checks:` of the provider and of customers. */
import { z } from 'zod';
import { checkAddress, checkUrl, command, hostField } from './check-values.js';
import { duration, flag, prefixes, whole, words } from './values.js';

/** Text that a terminal can show in one line, and that no page of 64 KiB hides by its length. */
const BODY_PATTERN = /^[^\p{Cc}]{1,1024}$/u;
const BODY_REMEDY = 'write 1 to 1024 characters without line breaks';
const STATUS_REMEDY = 'write a status code such as 200, or a list of them';
const TYPE_REMEDY = 'write type: icmp, tcp, http, exec or bgp';

const kind = <const K extends string>(word: K) => z.literal(word).meta({ description: 'How it is checked.' });

const timing = {
  interval: duration(50, 600_000, 'Time between probes,').prefault('1s'),
  timeout: duration(
    20,
    60_000,
    'When a probe counts as failed: the interval unless written, at most 1s; never longer than the interval. Written:',
  ).optional(),
  rise: whole(1, 100, 'Successes in a row until up.').default(3),
  fall: whole(1, 100, 'Failures in a row until down.').default(3),
};

const effect = {
  onDown: words(
    ['withdraw', 'degrade', 'ignore'],
    'What being down does to the prefixes: withdraw unless remote, degrade if remote.',
  ).optional(),
};

const place = {
  source: checkAddress(
    "Source address, or self, self6 for the server's own; its own anyway where the check leaves the machine.",
  ).optional(),
  remote: flag(
    'Whether failing may be something far away. False for loopback and our own addresses unless written.',
  ).optional(),
};

const target = checkAddress("Address; self or self6 for the server's own.");

const tcp = {
  type: kind('tcp'),
  target,
  port: whole(1, 65_535, 'TCP port.'),
};

const status = z
  .union([whole(200, 599, 'A status code.'), z.array(whole(200, 599, 'A status code.')).min(1)], {
    error: STATUS_REMEDY,
  })
  .transform((written) => (typeof written === 'number' ? [written] : written))
  .meta({ description: 'Status codes that are success.' })
  .prefault(200);

const http = {
  type: kind('http'),
  url: checkUrl('http or https, an address or self, self6 as host.'),
  host: hostField('Host field, and the name that a certificate is checked for; the address unless written.').optional(),
  status,
  body: z
    .string({ error: BODY_REMEDY })
    .regex(BODY_PATTERN, { error: BODY_REMEDY })
    .meta({ description: 'Text that must occur within the first 64 KiB of the body.' })
    .optional(),
  verify: flag("Whether the certificate is verified; https only. False accepts anybody's.").default(true),
};

const exec = {
  type: kind('exec'),
  command: command(
    'Absolute path, then arguments; no shell. Exit status 0 is success. Only root may be able to change the file and the folders above it.',
  ),
  remote: place.remote,
};

const bgp = {
  type: kind('bgp'),
  router: z
    .string({ error: 'write the name of a router' })
    .meta({ description: 'Success while the session to this router is established; at its own site only.' }),
};

const icmp = { type: kind('icmp'), target };

const ofCustomer = {
  prefixes: prefixes("Which of the customer's prefixes it governs; all unless written.").optional(),
};

const inside = flag("Runs in the customer's namespace rather than in the default one.").default(false);

const through = z
  .string({ error: "write the name of one of the customer's tunnels" })
  .meta({ description: 'Tunnel through which the echo request leaves; the answer returns outside it.' })
  .optional();

const union = { error: TYPE_REMEDY };
const shape = (what: string) => ({ error: `write ${what}` });
const ICMP_SHAPE = shape('{ type: icmp, target: 198.51.100.66 }');
const TCP_SHAPE = shape('{ type: tcp, target: self, port: 25 }');
const HTTP_SHAPE = shape('{ type: http, url: "http://self:8080/health" }');
const EXEC_SHAPE = shape('{ type: exec, command: [/usr/local/sbin/check] }');
const BGP_SHAPE = shape('{ type: bgp, router: ams-r1 }');

export const providerCheckSchema = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ ...icmp, ...place, ...timing, ...effect }, ICMP_SHAPE),
    z.strictObject({ ...tcp, ...place, ...timing, ...effect }, TCP_SHAPE),
    z.strictObject({ ...http, ...place, ...timing, ...effect }, HTTP_SHAPE),
    z.strictObject({ ...exec, ...timing, ...effect }, EXEC_SHAPE),
    z.strictObject({ ...bgp, ...effect }, BGP_SHAPE),
  ],
  union,
);

export const customerCheckSchema = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ ...icmp, through, inside, ...place, ...timing, ...effect, ...ofCustomer }, ICMP_SHAPE),
    z.strictObject({ ...tcp, inside, ...place, ...timing, ...effect, ...ofCustomer }, TCP_SHAPE),
    z.strictObject({ ...http, inside, ...place, ...timing, ...effect, ...ofCustomer }, HTTP_SHAPE),
    z.strictObject({ ...exec, inside, ...timing, ...effect, ...ofCustomer }, EXEC_SHAPE),
    z.strictObject({ ...bgp, ...effect, ...ofCustomer }, BGP_SHAPE),
  ],
  union,
);

export type DraftCheck = z.output<typeof providerCheckSchema> | z.output<typeof customerCheckSchema>;
