/** Every prefix and address of a draft with its path: what the rules walk over. */
import type { Address, Prefix } from '../model/address.js';
import type { Draft, DraftServer, DraftTunnel } from './schema.js';
import type { DraftRouter, DraftUpstream } from './schema-routers.js';
import type { TreePath } from './wording.js';

export interface OwnedPrefix {
  readonly prefix: Prefix;
  /** A customer's name; `undefined` for the provider's covering prefixes. */
  readonly customer?: string;
  readonly path: TreePath;
}

/** `covering 192.0.2.0/24`, `203.0.113.0/24 of acme`. */
export const ownedText = ({ prefix, customer }: OwnedPrefix): string =>
  customer === undefined ? `covering ${prefix}` : `${prefix} of ${customer}`;

const coveringOf = (draft: Draft): readonly OwnedPrefix[] =>
  (draft.provider?.covering ?? []).map((prefix, index) => ({ prefix, path: ['provider', 'covering', index] }));

export const customerPrefixesOf = (draft: Draft): readonly OwnedPrefix[] =>
  Object.entries(draft.customers).flatMap(([customer, { prefixes }]) =>
    prefixes.map(({ prefix }, index) => ({
      prefix,
      customer,
      path: ['customers', customer, 'prefixes', index, 'prefix'],
    })),
  );

/** Everything that every site attracts. */
export const attractedOf = (draft: Draft): readonly OwnedPrefix[] => [
  ...coveringOf(draft),
  ...customerPrefixesOf(draft),
];

interface Machine {
  readonly name: string;
  readonly site: string;
  readonly path: TreePath;
}
export type ServerMachine = Machine & { readonly kind: 'server'; readonly written: DraftServer };
export type RouterMachine = Machine & { readonly kind: 'router'; readonly written: DraftRouter };

export const serversOf = (draft: Draft): readonly ServerMachine[] =>
  Object.entries(draft.sites).flatMap(([site, { servers }]) =>
    Object.entries(servers).map(([name, written]) => ({
      kind: 'server' as const,
      name,
      site,
      path: ['sites', site, 'servers', name],
      written,
    })),
  );

export const routersOf = (draft: Draft): readonly RouterMachine[] =>
  Object.entries(draft.sites).flatMap(([site, { routers }]) =>
    Object.entries(routers).map(([name, written]) => ({
      kind: 'router' as const,
      name,
      site,
      path: ['sites', site, 'routers', name],
      written,
    })),
  );

export interface RouterUpstream {
  readonly router: RouterMachine;
  readonly name: string;
  readonly written: DraftUpstream;
  readonly path: TreePath;
}

export const upstreamsOf = (draft: Draft): readonly RouterUpstream[] =>
  routersOf(draft).flatMap((router) =>
    Object.entries(router.written.upstreams).map(([name, written]) => ({
      router,
      name,
      written,
      path: [...router.path, 'upstreams', name],
    })),
  );

export interface RouterNetwork {
  readonly router: RouterMachine;
  readonly prefix: Prefix;
  readonly path: TreePath;
}

/** What routers announce themselves. */
export const networksOf = (draft: Draft): readonly RouterNetwork[] =>
  routersOf(draft).flatMap((router) =>
    router.written.networks.map((prefix, index) => ({ router, prefix, path: [...router.path, 'networks', index] })),
  );

export interface MachineAddress {
  readonly machine: ServerMachine | RouterMachine;
  readonly address: Address;
  readonly path: TreePath;
}

/** Unicast addresses of servers and routers, in the order of the file. */
export const machineAddressesOf = (draft: Draft): readonly MachineAddress[] =>
  [...serversOf(draft), ...routersOf(draft)].flatMap((machine) =>
    (['v4', 'v6'] as const).flatMap((family) => {
      const address = machine.written[family];
      return address === undefined ? [] : [{ machine, address, path: [...machine.path, family] }];
    }),
  );

export interface OwnedTunnel {
  readonly customer: string;
  readonly name: string;
  readonly tunnel: DraftTunnel;
  readonly path: TreePath;
}

export const tunnelsOf = (draft: Draft): readonly OwnedTunnel[] =>
  Object.entries(draft.customers).flatMap(([customer, { tunnels }]) =>
    Object.entries(tunnels).map(([name, tunnel]) => ({
      customer,
      name,
      tunnel,
      path: ['customers', customer, 'tunnels', name],
    })),
  );
