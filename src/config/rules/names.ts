import { tunnelDeviceOf, vethOf } from '../../model/naming.js';
import { routersOf, serversOf, upstreamsOf } from '../addresses.js';
import type { Judge, Rule } from '../judge.js';
import { NAME_PATTERN } from '../named.js';
import { shown, type TreePath } from '../wording.js';

/** Words that a selector on the command line, or the kernel's sysctl tree, reads as something else. */
const RESERVED_NAMES: readonly string[] = ['all', 'any', 'culvert', 'default', 'none'];

const REMEDY = 'write 1 to 63 lower-case letters, digits and inner hyphens';

function checkName(judge: Judge, path: TreePath, target: 'key' | 'value', name: string): void {
  if (!NAME_PATTERN.test(name)) {
    judge.refuse({ code: 'bad-name', path, target, message: `${shown(name)} is not a name`, remedy: REMEDY });
  } else if (RESERVED_NAMES.includes(name)) {
    const message = `the name ${name} has a meaning of its own`;
    judge.refuse({ code: 'bad-name', path, target, message, remedy: 'choose another name' });
  }
}

export const nameRule: Rule = (draft, judge) => {
  const keys = (path: TreePath, map: object): void => {
    for (const name of Object.keys(map)) checkName(judge, [...path, name], 'key', name);
  };
  keys(['provider', 'checks'], draft.provider?.checks ?? {});
  keys(['sites'], draft.sites);
  for (const [site, { routers, servers }] of Object.entries(draft.sites)) {
    keys(['sites', site, 'routers'], routers);
    keys(['sites', site, 'servers'], servers);
  }
  for (const { name, path } of upstreamsOf(draft)) checkName(judge, path, 'key', name);
  keys(['customers'], draft.customers);
  for (const [customer, { tunnels, firewall, checks }] of Object.entries(draft.customers)) {
    keys(['customers', customer, 'tunnels'], tunnels);
    keys(['customers', customer, 'checks'], checks);
    for (const [index, { name }] of firewall.entries()) {
      checkName(judge, ['customers', customer, 'firewall', index, 'name'], 'value', name);
    }
  }
};

/** Agents find themselves by name and status lists them by name: servers and routers share one space across sites. */
export const machineNameRule: Rule = (draft, judge) => {
  const first = new Map<string, TreePath>();
  for (const { kind, name, path } of [...serversOf(draft), ...routersOf(draft)]) {
    const other = first.get(name);
    if (other === undefined) {
      first.set(name, path);
      continue;
    }
    const message = `the ${kind} ${name} has the name of a machine at ${judge.placeOf(other, 'key')}`;
    judge.refuse({
      code: 'repeated-name',
      path,
      target: 'key',
      message,
      remedy: `name it after its site, such as ${path[1]}-${name}`,
    });
  }
};

function collisions(judge: Judge, base: TreePath, names: readonly string[], deviceOf: (name: string) => string): void {
  const first = new Map<string, string>();
  for (const name of names) {
    const device = deviceOf(name);
    const other = first.get(device);
    if (other === undefined) {
      first.set(device, name);
      continue;
    }
    judge.refuse({
      code: 'device-collision',
      path: [...base, name],
      target: 'key',
      message: `${name} gets the device name ${device}, as ${other} at ${judge.placeOf([...base, other], 'key')} does`,
      remedy: 'choose a name that differs in its first letters',
    });
  }
}

/** Device names have 15 characters; longer names are hashed, and hashes can meet. */
export const deviceNameRule: Rule = (draft, judge) => {
  collisions(judge, ['customers'], Object.keys(draft.customers), vethOf);
  for (const [customer, { tunnels }] of Object.entries(draft.customers)) {
    collisions(judge, ['customers', customer, 'tunnels'], Object.keys(tunnels), tunnelDeviceOf);
  }
};
