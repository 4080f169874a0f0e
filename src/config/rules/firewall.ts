import { familyOf, type Family } from '../../model/address.js';
import type { Judge, Rule } from '../judge.js';
import type { DraftFirewallRule } from '../schema-firewall.js';
import { protocolOf } from '../firewall-values.js';
import type { TreePath } from '../wording.js';

/** The family that a protocol belongs to; `undefined` when both carry it. */
const familyOfProtocol = (rule: DraftFirewallRule): Family | undefined => {
  const protocol = rule.protocol === undefined ? undefined : protocolOf(rule.protocol);
  return protocol === 'icmp' ? 4 : protocol === 'icmpv6' ? 6 : undefined;
};

function checkFamilies(judge: Judge, path: TreePath, rule: DraftFirewallRule): void {
  let family = familyOfProtocol(rule);
  let what = family && `protocol ${rule.protocol ?? ''}`;
  for (const key of ['source', 'destination'] as const) {
    for (const [index, prefix] of (rule[key] ?? []).entries()) {
      family ??= familyOf(prefix);
      what ??= prefix;
      if (familyOf(prefix) === family) continue;
      const message = `${prefix} is IPv${familyOf(prefix)}, and ${what} makes ${rule.name} an IPv${family} rule`;
      judge.refuse({
        code: 'firewall-family',
        path: [...path, key, index],
        message,
        remedy: 'write one rule for each family',
      });
      return;
    }
  }
}

export const firewallRule: Rule = (draft, judge) => {
  for (const [customer, { firewall }] of Object.entries(draft.customers)) {
    const names = new Map<string, TreePath>();
    for (const [index, rule] of firewall.entries()) {
      const path = ['customers', customer, 'firewall', index];
      const other = names.get(rule.name);
      names.set(rule.name, other ?? path);
      if (other) {
        const message = `the rule ${rule.name} is written already at ${judge.placeOf([...other, 'name'])}`;
        const remedy = 'give it a name of its own: counters go by name';
        judge.refuse({ code: 'repeated-name', path: [...path, 'name'], message, remedy });
      }
      checkFamilies(judge, path, rule);
      checkPorts(judge, path, rule);
    }
  }
};

function checkPorts(judge: Judge, path: TreePath, rule: DraftFirewallRule): void {
  const protocol = rule.protocol === undefined ? undefined : protocolOf(rule.protocol);
  if (protocol === 'tcp' || protocol === 'udp' || !judge.isIntact([...path, 'protocol'])) return;
  for (const key of ['sourcePorts', 'destinationPorts'] as const) {
    if (rule[key] === undefined) continue;
    const what = protocol === undefined ? 'no protocol' : `protocol ${protocol}`;
    const message = `${rule.name} has ${key} and ${what}; only tcp and udp have ports`;
    judge.refuse({
      code: 'firewall-ports',
      path: [...path, key],
      target: 'key',
      message,
      remedy: 'write protocol: tcp or protocol: udp',
    });
  }
}
