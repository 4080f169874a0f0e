/** Texts for machines that are not ours: read templates, pick from the fleet, render. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RenderRouterOptions } from '../cli/commands.js';
import type { Fleet, Router, Site } from '../model/fleet.js';
import type { Vendor } from '../model/vendor.js';
import { renderRouter, type Templates } from '../render/router/render.js';
import { loadFleet, type Warn } from './fleet-files.js';
import { HOME } from './paths.js';

/** A router's configuration. Passwords are left out, and `warn` told, unless they are asked for. */
export async function routerConfiguration(options: RenderRouterOptions, warn: Warn): Promise<string> {
  const fleet = await loadFleet(options.fleet, warn);
  const site = siteOf(fleet, options);
  const router = routerOf(site, options);
  const { vendor, showSecrets } = options;
  const text = renderRouter(await templatesOf(vendor), { fleet, site, router, vendor, showSecrets });
  const isSecret = [router, ...router.upstreams].some(({ password }) => password !== undefined);
  if (isSecret && !showSecrets) warn('passwords are left out; --show-secrets prints them');
  return text;
}

function siteOf({ sites }: Fleet, { site: wanted, fleet: path }: RenderRouterOptions): Site {
  const site = sites.find(({ name }) => name === wanted);
  if (site) return site;
  throw new Error(`no site ${wanted} in ${path}; it names ${sites.map(({ name }) => name).join(', ')}`);
}

function routerOf({ name: site, routers }: Site, { router: wanted }: RenderRouterOptions): Router {
  const names = routers.map(({ name }) => name).join(', ');
  const [only, second] = routers;
  if (wanted === undefined) {
    if (only && !second) return only;
    throw new Error(`${site} has ${names || 'no router'}; name one with --router`);
  }
  const router = routers.find(({ name }) => name === wanted);
  if (router) return router;
  throw new Error(`no router ${wanted} at ${site}; it has ${names}`);
}

async function templatesOf(vendor: Vendor): Promise<Templates> {
  const folder = join(HOME, 'templates', 'router', vendor);
  const names = await readdir(folder);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
  );
}
