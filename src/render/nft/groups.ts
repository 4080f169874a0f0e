/**
 * From "first match decides" to a few lookups. Rules whose boxes do not
 * overlap may be asked in any order, so they share one map; a map is one
 * lookup however many rules it holds.
 */
import type { Family } from '../../model/address.js';
import type { FirewallRule } from '../../model/fleet.js';
import { boxesOf, fieldsOf, type Box, type Field } from './boxes.js';
import { overlap, spansAmong, type Span } from './spans.js';

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

/** A rule's boxes with what comparing them needs. */
interface BoxedRule {
  readonly fields: readonly Field[];
  readonly entries: readonly GroupEntry[];
  readonly spans: readonly Span[];
}

interface OpenGroup {
  readonly fields: readonly Field[];
  readonly entries: GroupEntry[];
  readonly spans: Span[];
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
  for (const rule of boxedRules(rules, family)) {
    let group = earliestReachable(groups, rule);
    if (!group) groups.push((group = { fields: rule.fields, entries: [], spans: [] }));
    group.entries.push(...rule.entries);
    group.spans.push(...rule.spans);
  }
  return groups.map(({ fields, entries }) => ({ fields, entries }));
}

/** Without rules that match nothing in this family. */
function boxedRules(rules: readonly FirewallRule[], family: Family): readonly BoxedRule[] {
  const boxed = rules.map((rule) => ({ rule: rule.name, boxes: boxesOf(rule, family) }));
  const spanOf = spansAmong(boxed.flatMap(({ boxes }) => boxes));
  return boxed.flatMap(({ rule, boxes }) => {
    const [first] = boxes;
    if (!first) return [];
    return [{ fields: fieldsOf(first), entries: boxes.map((box) => ({ box, rule })), spans: boxes.map(spanOf) }];
  });
}

function earliestReachable(groups: readonly OpenGroup[], rule: BoxedRule): OpenGroup | undefined {
  const shape = rule.fields.join();
  let reached: OpenGroup | undefined;
  for (const group of groups.toReversed()) {
    if (meets(group, rule)) break;
    if (group.fields.join() === shape) reached = group;
  }
  return reached;
}

function meets(group: OpenGroup, rule: BoxedRule): boolean {
  for (const span of rule.spans) {
    for (const other of group.spans) if (overlap(span, other)) return true;
  }
  return false;
}
