import type { TreePath } from '../config/wording.js';
import { nearest, shown } from '../config/wording.js';
import type { Problems } from './problems.js';
import { briefLink, vethEndpoint, vethLink } from './schema.js';
import type { LabLink, LinkEnd } from './topology.js';

/** containerlab's default. */
const DEFAULT_MTU = 9_500;

/** IFNAMSIZ - 1, linux/if.h. */
const MAX_DEVICE = 15;

/** Words in front of the colon that are no nodes: the link would join the machine's own network. */
const MACHINE_ENDS = new Set(['host', 'mgmt-net', 'macvlan', 'vxlan', 'vxlan-stitch', 'dummy']);

interface FoundEnd extends LinkEnd {
  readonly path: TreePath;
}

/** Reads `topology.links`. `nodes`: the names that exist. Addresses on links are not applied, as containerlab does not for kind linux. */
export function parseLinks(
  links: readonly unknown[],
  nodes: readonly string[],
  problems: Problems,
): { readonly links: readonly LabLink[]; readonly notEmulated: readonly string[] } {
  const notEmulated: string[] = [];
  const taken = new Map<string, number>();
  const parsed = links.flatMap((link, index): LabLink[] => {
    const path = ['topology', 'links', index];
    const found = parseLink(link, path, problems);
    if (!found) return [];
    for (const key of found.unused) notEmulated.push(`links[${index}].${key}: use exec for addresses and routes`);
    const sound = found.ends.map((end) => {
      const name = `${end.node}:${end.device}`;
      const before = taken.get(name);
      if (before !== undefined)
        problems.add(end.path, `${name} is already an end of links[${before}]`, 'give each link its own interface');
      taken.set(name, index);
      return checkEnd(end, nodes, problems) && before === undefined;
    });
    return sound.every(Boolean) ? [{ ends: [bare(found.ends[0]), bare(found.ends[1])], mtu: found.mtu }] : [];
  });
  return { links: parsed, notEmulated };
}

const bare = ({ node, device, mac }: FoundEnd): LinkEnd => ({ node, device, mac });

interface FoundLink {
  readonly ends: readonly [FoundEnd, FoundEnd];
  readonly mtu: number;
  readonly unused: readonly string[];
}

const UNUSED = ['ipv4', 'ipv6', 'vars'] as const;

function parseLink(link: unknown, path: TreePath, problems: Problems): FoundLink | undefined {
  const type = (link as { type?: unknown } | null)?.type;
  if (type === undefined) return parseBrief(link, path, problems);
  if (type === 'veth') return parseVeth(link, path, problems);
  problems.add([...path, 'type'], `links of type ${shown(type)} are not emulated`, 'use a veth link between two nodes');
  return undefined;
}

function parseBrief(link: unknown, path: TreePath, problems: Problems): FoundLink | undefined {
  const result = briefLink.safeParse(link);
  if (!result.success) {
    problems.addZod(result.error.issues, path, Object.keys(briefLink.shape));
    return undefined;
  }
  const { endpoints, mtu = DEFAULT_MTU } = result.data;
  const ends = endpoints.map((text, side): FoundEnd | undefined => {
    const at = [...path, 'endpoints', side];
    const [node, device, ...rest] = text.split(':');
    if (node && device && rest.length === 0) return { node, device, mac: undefined, path: at };
    problems.add(at, `${JSON.stringify(text)} is no end of a link`, 'write "node:interface"');
    return undefined;
  });
  const [a, b] = ends;
  return a && b && { ends: [a, b], mtu, unused: UNUSED.filter((key) => result.data[key] !== undefined) };
}

function parseVeth(link: unknown, path: TreePath, problems: Problems): FoundLink | undefined {
  const result = vethLink.safeParse(link);
  if (!result.success) {
    problems.addZod(result.error.issues, path, Object.keys(vethLink.shape));
    return undefined;
  }
  const unused: string[] = UNUSED.filter((key) => result.data[key] !== undefined);
  const ends = result.data.endpoints.map((endpoint, side): FoundEnd | undefined => {
    const at = [...path, 'endpoints', side];
    const end = vethEndpoint.safeParse(endpoint);
    if (!end.success) {
      problems.addZod(end.error.issues, at, Object.keys(vethEndpoint.shape));
      return undefined;
    }
    const { node, interface: device, mac } = end.data;
    unused.push(...UNUSED.filter((key) => end.data[key] !== undefined).map((key) => `endpoints[${side}].${key}`));
    return { node, device, mac, path: at };
  });
  const [a, b] = ends;
  return a && b && { ends: [a, b], mtu: result.data.mtu ?? DEFAULT_MTU, unused };
}

function checkEnd(end: FoundEnd, nodes: readonly string[], problems: Problems): boolean {
  const { node, device, path } = end;
  if (MACHINE_ENDS.has(node) && !nodes.includes(node)) {
    problems.add(path, `${node}:${device} would join this machine's own network`, 'link two nodes of the lab');
    return false;
  }
  if (!nodes.includes(node)) {
    const meant = nearest(node, nodes);
    problems.add(
      path,
      `there is no node ${node}`,
      meant === undefined ? 'add it under topology.nodes' : `write ${meant}`,
    );
    return false;
  }
  if (device === 'eth0') {
    problems.add(path, 'eth0 belongs to the management network', 'begin with eth1');
    return false;
  }
  if (device.length > MAX_DEVICE || /[\s/]/.test(device) || device === '.' || device === '..' || device === 'lo') {
    problems.add(path, `${device} is no name for an interface`, `use at most ${MAX_DEVICE} letters and digits`);
    return false;
  }
  return true;
}
