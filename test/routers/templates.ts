import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { renderRouter, type Templates } from '../../src/render/router/render.js';
import type { Vendor } from '../../src/model/vendor.js';
import type { Fleet } from '../../src/model/fleet.js';
import { routerIn } from './fleets.js';

export function templatesOf(vendor: Vendor): Templates {
  const folder = resolve('templates/router', vendor);
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(resolve(folder, name), 'utf8')]));
}

/** The configuration of a router of the fleet, passwords included. */
export const rendered = (fleet: Fleet, name: string, vendor: Vendor, showSecrets = true): string =>
  renderRouter(templatesOf(vendor), { fleet, ...routerIn(fleet, name), vendor, showSecrets });
