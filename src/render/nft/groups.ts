/**
 * From "first match decides" to a few lookups. Rules whose boxes do not
 * overlap may be asked in any order, so they share one map; a map is one
 * lookup however many rules it holds.
 */
import type { Family } from '../../model/address.js';
import type { FirewallRule } from '../../model/fleet.js';
import { boxesOf, fieldsOf, overlap, type Box, type Field } from './boxes.js';

/** Boxes over the same fields, none of which overlap: at most one matches a packet. */
export interface RuleGroup {
  readonly fields: readonly Field[];
  readonly entries: readonly GroupEntry[];
}

export interface GroupEntry {
  readonly box: Box;
  /** Name of the rule. */
  readonly rule: string;
}

interface OpenGroup {
  readonly fields: readonly Field[];
  readonly entries: GroupEntry[];
}

/**
 * Groups to be asked in order; the first entry that matches names the rule.
 * Each rule goes into the earliest group of its fields that it can reach
 * without passing a rule which it overlaps, because only among overlapping
 * rules does the order matter. So the number of lookups follows the longest
 * chain of overlapping rules, not the number of rules.
 */
export function groupRules(rules: readonly FirewallRule[], family: Family): readonly RuleGroup[] {
  const groups: OpenGroup[] = [];
  for (const rule of rules) {
    const boxes = boxesOf(rule, family);
    const [first] = boxes;
    if (first === undefined) continue;
    const fields = fieldsOf(first);
    let group = earliestReachable(groups, fields, boxes);
    if (!group) groups.push((group = { fields, entries: [] }));
    group.entries.push(...boxes.map((box) => ({ box, rule: rule.name })));
  }
  return groups;
}

function earliestReachable(
  groups: readonly OpenGroup[],
  fields: readonly Field[],
  boxes: readonly Box[],
): OpenGroup | undefined {
  let reached: OpenGroup | undefined;
  for (const group of groups.toReversed()) {
    if (group.entries.some((entry) => boxes.some((box) => overlap(entry.box, box)))) break;
    if (group.fields.join() === fields.join()) reached = group;
  }
  return reached;
}
