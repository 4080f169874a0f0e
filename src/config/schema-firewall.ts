/** The `firewall:` list of a customer. */
import { z } from 'zod';
import { ports, prefixes, whole, words } from './values.js';

const PROTOCOL_REMEDY = 'write tcp, udp, icmp, icmpv6, gre, esp or a number from 0 to 255';
const ACTION_REMEDY = 'write drop, permit or { rateLimit: { packetsPerSecond: 1000, burst: 100 } }';

/** nft(8) counts bursts in 32 bit; a rate beyond that is no limit. */
const HIGHEST_RATE = 0xffffffff;

const actionSchema = z
  .union(
    [
      words(['drop', 'permit'], 'Drop or permit what matches.'),
      z.strictObject(
        {
          rateLimit: z.strictObject(
            {
              packetsPerSecond: whole(1, HIGHEST_RATE, 'Packets per second that pass.'),
              burst: whole(1, HIGHEST_RATE, 'Packets that may pass at once.'),
            },
            { error: ACTION_REMEDY },
          ),
        },
        { error: ACTION_REMEDY },
      ),
    ],
    { error: ACTION_REMEDY },
  )
  .meta({ description: 'What happens to packets that match.' });

const ruleSchema = z.strictObject(
  {
    name: z
      .string({ error: 'write a name such as known-attacker' })
      .meta({ description: 'Appears in counters and status.' }),
    action: actionSchema,
    source: prefixes('Where packets come from; everywhere unless written.').optional(),
    destination: prefixes('Where packets go; everywhere unless written.').optional(),
    protocol: z
      .union(
        [
          z.enum(['tcp', 'udp', 'icmp', 'icmpv6', 'gre', 'esp'], { error: PROTOCOL_REMEDY }),
          whole(0, 255, 'IP protocol number.'),
        ],
        { error: PROTOCOL_REMEDY },
      )
      .meta({ description: 'Protocol by name or number.' })
      .optional(),
    sourcePorts: ports('Source ports; tcp and udp only.').optional(),
    destinationPorts: ports('Destination ports; tcp and udp only.').optional(),
  },
  { error: 'write { name: known-attacker, action: drop, source: 198.51.100.7/32 }' },
);

export type DraftFirewallRule = z.output<typeof ruleSchema>;

export const firewallSchema = z
  .array(ruleSchema, { error: 'write a list of rules' })
  .meta({ description: 'First match decides; what matches nothing is permitted.' })
  .default([]);
