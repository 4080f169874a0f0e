/** What an image of a topology stands for on this machine: its repository decides, its tag does not. */
import type { LabNode, Words } from './topology.js';

export interface ImageProfile {
  /** For people: what stands in for the image's content. */
  readonly standsFor: string;
  /** The main process when the topology names none; without it the node only holds its namespaces. */
  readonly command?: Words;
  /** Folders made before it starts. */
  readonly folders?: readonly { readonly path: string; readonly owner?: string }[];
  /** Programs it needs; see `packages.ts`. */
  readonly programs?: readonly string[];
}

const HOST: ImageProfile = { standsFor: "this machine's programs" };

/** As the image's own start does it: the daemons that /etc/frr/daemons enables, under watchfrr, which also loads frr.conf. */
const FRR: ImageProfile = {
  standsFor: "Debian's FRR",
  command: ['bash', '-c', '. /usr/lib/frr/frrcommon.sh && exec /usr/lib/frr/watchfrr $watchfrr_options $(daemon_list)'],
  folders: [{ path: '/run/frr', owner: 'frr:frr' }],
  programs: ['bash', '/usr/lib/frr/watchfrr', 'vtysh'],
};

const BIRD: ImageProfile = {
  standsFor: "Debian's BIRD",
  command: ['bird', '-f', '-c', '/etc/bird/bird.conf'],
  folders: [{ path: '/run/bird' }],
  programs: ['bird', 'birdc'],
};

const culvert = (home: string): ImageProfile => ({
  standsFor: 'this Culvert',
  command: [`${home}/lab/images/culvert/server`],
  folders: [{ path: '/var/lib/culvert' }],
  programs: ['gobgpd', 'runsvdir', 'sv', 'nft'],
});

/** lab/images/host: routers and hosts of our own labs. */
const CULVERT_HOST: ImageProfile = { ...HOST, folders: [{ path: '/run/bird' }] };

/** Images that are a shell and network tools. */
const HOSTS = /(^|\/)(alpine|busybox|debian|ubuntu|network-multitool|netshoot)$/;

/** `quay.io/frrouting/frr:10.5.1` → `quay.io/frrouting/frr`; a registry's port is no tag. */
const repositoryOf = (image: string): string => image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');

/** The profile of a node's image; `undefined` when nothing here stands for it. `home`: Culvert's own folder. */
export function profileOf(node: LabNode, home: string): ImageProfile | undefined {
  if (node.kind !== 'linux') return undefined;
  const repository = repositoryOf(node.image ?? '');
  if (/(^|\/)frrouting\/frr$/.test(repository)) return FRR;
  if (/(^|\/)bird2?$/.test(repository)) return BIRD;
  if (/(^|\/)culvert\/server$/.test(repository)) return culvert(home);
  if (/(^|\/)culvert\/host$/.test(repository)) return CULVERT_HOST;
  if (HOSTS.test(repository)) return HOST;
  return undefined;
}

/** The node's main process, from the topology or else from the image. */
export const mainProcess = (node: LabNode, home: string): Words | undefined =>
  node.command ?? profileOf(node, home)?.command;
