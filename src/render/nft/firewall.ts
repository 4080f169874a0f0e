/** A customer's own rules as nft maps and chains. */
import type { Family } from '../../model/address.js';
import { overRateCounterOf, ruleCounterOf } from '../../model/counter.js';
import type { FirewallRule } from '../../model/fleet.js';
import type { Field } from './boxes.js';
import { groupRules, type RuleGroup } from './groups.js';
import { chain, count, counters, identifier, intervalMap } from './text.js';

const FAMILIES = [4, 6] as const;

interface KeyPart {
  readonly expression: string;
  readonly type: string;
}

function keyPart(field: Field, family: Family): KeyPart {
  const [header, addressType] = family === 4 ? (['ip', 'ipv4_addr'] as const) : (['ip6', 'ipv6_addr'] as const);
  switch (field) {
    case 'source':
      return { expression: `${header} saddr`, type: addressType };
    case 'destination':
      return { expression: `${header} daddr`, type: addressType };
    case 'protocol':
      return { expression: 'meta l4proto', type: 'inet_proto' };
    case 'sourcePort':
      return { expression: 'th sport', type: 'inet_service' };
    case 'destinationPort':
      return { expression: 'th dport', type: 'inet_service' };
  }
}

/** The chain to jump to with packets of this family. */
export const firewallChainOf = (family: Family): string => `firewall${family}`;

/** The chain of one rule; also the name of its counter. */
const ruleChainOf = ruleCounterOf;

export interface Firewall {
  readonly parts: readonly string[];
  /** Those in which some rule can match; packets of the other never enter. */
  readonly families: readonly Family[];
}

/**
 * Counters, maps, one chain per rule and one per family. A rule's chain is
 * entered by `goto`, so that its end leaves the firewall: permitted.
 */
export function firewallParts(rules: readonly FirewallRule[]): Firewall {
  if (rules.length === 0) return { parts: [], families: [] };
  const grouped = FAMILIES.map((family) => ({ family, groups: groupRules(rules, family) }));
  const matching = grouped.filter(({ groups }) => groups.length > 0);
  return {
    parts: [
      counters(rules.flatMap(countersOf)),
      ...rules.map(ruleChain),
      ...matching.flatMap(({ family, groups }) => familyParts(groups, family)),
    ],
    families: matching.map(({ family }) => family),
  };
}

const isRateLimit = (action: FirewallRule['action']): action is Exclude<FirewallRule['action'], string> =>
  typeof action !== 'string';

const countersOf = ({ name, action }: FirewallRule): readonly string[] =>
  isRateLimit(action) ? [ruleCounterOf(name), overRateCounterOf(name)] : [ruleCounterOf(name)];

function ruleChain({ name, action }: FirewallRule): string {
  const counted = `counter name ${identifier(ruleCounterOf(name))}`;
  if (!isRateLimit(action)) return chain(ruleChainOf(name), [action === 'drop' ? `${counted} drop` : counted]);
  const rate = `limit rate over ${count(action.packetsPerSecond)}/second burst ${count(action.burst)} packets`;
  return chain(ruleChainOf(name), [counted, `${rate} counter name ${identifier(overRateCounterOf(name))} drop`]);
}

function familyParts(groups: readonly RuleGroup[], family: Family): readonly string[] {
  const name = firewallChainOf(family);
  const mapName = (index: number): string => identifier(`${name}_${index + 1}`);
  return [
    ...groups.flatMap((group, index) => groupMap(group, family, mapName(index))),
    chain(
      name,
      groups.flatMap((group, index) => lookup(group, family, mapName(index))),
    ),
  ];
}

function groupMap({ fields, entries }: RuleGroup, family: Family, name: string): readonly string[] {
  if (fields.length === 0) return [];
  const type = fields.map((field) => keyPart(field, family).type).join(' . ');
  const items = entries.map(({ box, rule }) => {
    const key = fields.map((field) => box[field]?.text).join(' . ');
    return `${key} : goto ${identifier(ruleChainOf(rule))}`;
  });
  return [intervalMap(name, `${type} : verdict`, items)];
}

/** One nft rule for a whole group. A group without fields holds one rule, which matches everything. */
function lookup({ fields, entries }: RuleGroup, family: Family, name: string): readonly string[] {
  if (fields.length === 0) return entries.map(({ rule }) => `goto ${identifier(ruleChainOf(rule))}`);
  const key = fields.map((field) => keyPart(field, family).expression).join(' . ');
  return [`${key} vmap @${name}`];
}
