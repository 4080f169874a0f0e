import { familyOf, type Address } from '../../model/address.js';
import { EDGE_DEVICE } from '../../model/naming.js';
import {
  attractedOf,
  customerPrefixesOf,
  machineAddressesOf,
  ownedText,
  serversOf,
  type MachineAddress,
  type OwnedPrefix,
} from '../addresses.js';
import type { Rule } from '../judge.js';
import { isTooShort } from './announced.js';
import { PrefixIndex } from '../../model/prefix-index.js';
import { shown } from '../wording.js';

/** IFNAMSIZ - 1, and what dev_valid_name() of the kernel accepts; `@` and `%` are ip(8)'s and the sysctl tree's. */
const DEVICE_PATTERN = /^[A-Za-z0-9_.-]{1,15}$/;

const isForeignDevice = (name: string): boolean =>
  DEVICE_PATTERN.test(name) &&
  !['lo', '.', '..', 'all', 'default', EDGE_DEVICE].includes(name) &&
  !name.startsWith('cv-') &&
  !name.startsWith('gre-');

export const uplinkRule: Rule = (draft, judge) => {
  for (const { written, path } of serversOf(draft)) {
    for (const [index, uplink] of written.uplinks.entries()) {
      const here = [...path, 'uplinks', index];
      if (!isForeignDevice(uplink)) {
        const message = `${shown(uplink)} cannot be an uplink`;
        judge.refuse({
          code: 'not-a-device',
          path: here,
          message,
          remedy: 'write the name of an interface such as eth1',
        });
      } else if (written.uplinks.indexOf(uplink) < index) {
        const message = `the uplink ${uplink} is written twice`;
        judge.refuse({ code: 'repeated-uplink', path: here, message, remedy: 'keep one of the two' });
      }
    }
  }
};

/** Empty maps are easily left over from editing, and a fleet without servers does nothing. */
export const populatedRule: Rule = (draft, judge) => {
  if (Object.keys(draft.sites).length === 0 && judge.isIntact(['sites'])) {
    const remedy = 'write at least one site with a router and a server';
    judge.refuse({ code: 'empty', path: ['sites'], target: 'key', message: 'there are no sites', remedy });
  }
  for (const [site, { servers }] of Object.entries(draft.sites)) {
    if (Object.keys(servers).length > 0 || !judge.isIntact(['sites', site, 'servers'])) continue;
    const message = `the site ${site} has no servers`;
    judge.refuse({
      code: 'empty',
      path: ['sites', site, 'servers'],
      target: 'key',
      message,
      remedy: 'write a server, or take the site out',
    });
  }
};

/** A server's address is its own in the whole fleet; a router's within its site. */
export const addressRule: Rule = (draft, judge) => {
  const seen = new Map<Address, MachineAddress[]>();
  for (const here of machineAddressesOf(draft)) {
    const others = seen.get(here.address) ?? [];
    seen.set(here.address, [...others, here]);
    const { machine } = here;
    const clash = others.find(
      (other) => other.machine.kind === 'server' || machine.kind === 'server' || other.machine.site === machine.site,
    );
    if (!clash) continue;
    judge.refuse({
      code: 'repeated-address',
      path: here.path,
      message: `${here.address} of ${machine.kind} ${machine.name} is also that of ${clash.machine.kind} ${clash.machine.name} at ${judge.placeOf(clash.path)}`,
      remedy: 'write the address of the one machine',
    });
  }
};

/** An address inside a prefix that all sites attract answers from anywhere: no session, no probe would work. */
export const machineInsideAnnouncedRule: Rule = (draft, judge) => {
  const index = new PrefixIndex<OwnedPrefix>();
  for (const owned of attractedOf(draft)) if (!isTooShort(owned.prefix)) index.add(owned.prefix, owned);
  for (const { machine, address, path } of machineAddressesOf(draft)) {
    const holder = index.holding(address)[0];
    if (!holder) continue;
    judge.refuse({
      code: 'address-inside-announced',
      path,
      message: `${address} of ${machine.kind} ${machine.name} lies inside ${ownedText(holder)} at ${judge.placeOf(holder.path)}, which every site attracts`,
      remedy: 'write a unicast address of the site',
    });
  }
};

/** Each family of a server needs a session of that family. */
export const routerFamilyRule: Rule = (draft, judge) => {
  for (const { site, name, written, path } of serversOf(draft)) {
    const routers = draft.sites[site]?.routers ?? {};
    for (const family of ['v4', 'v6'] as const) {
      if (written[family] === undefined) continue;
      const present = Object.values(routers).some((router) => router[family] !== undefined);
      if (present || !judge.isIntact(['sites', site, 'routers'])) continue;
      judge.refuse({
        code: 'no-router',
        path: [...path, family],
        message: `the site ${site} has no router with ${family}: nobody would hear ${name}`,
        remedy:
          family === 'v4'
            ? `give a router of ${site} a v4 address`
            : `give a router of ${site} a v6 address, or leave v6 out`,
      });
    }
  }
};

export const serverWithoutV6Rule: Rule = (draft, judge) => {
  const v6 = customerPrefixesOf(draft).find(({ prefix }) => familyOf(prefix) === 6);
  if (!v6) return;
  for (const { name, written, path } of serversOf(draft)) {
    if (written.v6 !== undefined || !judge.isIntact(path)) continue;
    const message = `${name} has no v6 address and will not announce ${v6.prefix} and other IPv6 prefixes`;
    judge.warn({ code: 'server-without-v6', path, target: 'key', message, remedy: 'write v6: with its address' });
  }
};
