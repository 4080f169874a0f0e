/** Which programs a lab needs, and the Debian package that brings each. */
import { profileOf } from './images.js';
import type { Topology } from './topology.js';

const PACKAGES: Readonly<Record<string, string>> = {
  bash: 'bash',
  bird: 'bird2',
  birdc: 'bird2',
  conntrack: 'conntrack',
  curl: 'curl',
  exabgp: 'exabgp',
  gobgp: 'gobgpd',
  gobgpd: 'gobgpd',
  ip: 'iproute2',
  iptables: 'iptables',
  mount: 'mount',
  nginx: 'nginx-light',
  nft: 'nftables',
  nsenter: 'util-linux',
  ping: 'iputils-ping',
  runsvdir: 'runit',
  setpriv: 'util-linux',
  setsid: 'util-linux',
  socat: 'socat',
  sv: 'runit',
  sysctl: 'procps',
  tcpdump: 'tcpdump',
  unshare: 'util-linux',
  vsftpd: 'vsftpd',
  vtysh: 'frr',
  '/usr/lib/frr/watchfrr': 'frr',
};

/** What every lab needs before its first node. */
const ALWAYS = ['unshare', 'nsenter', 'setpriv', 'setsid', 'mount', 'ip'];

/** A node names programs that its scripts use: `labels: { culvert.lab/programs: nft vsftpd }`. */
const PROGRAMS_LABEL = 'culvert.lab/programs';

/** Programs that must be there before deploy begins, sorted. A path that the node brings by a bind is not asked for. */
export function programsOf(topology: Topology, home: string): readonly string[] {
  const programs = new Set(ALWAYS);
  for (const node of topology.nodes) {
    const words = [...node.exec, ...(node.command ? [node.command] : [])].map(([program]) => program);
    const labelled = (node.labels[PROGRAMS_LABEL] ?? '').split(/[\s,]+/).filter((word) => word !== '');
    const own = words.filter(
      (word) => !node.binds.some(({ target }) => word === target || word.startsWith(`${target}/`)),
    );
    for (const program of [...own, ...labelled, ...(profileOf(node, home)?.programs ?? [])]) programs.add(program);
  }
  return [...programs].sort();
}

/** Cause and remedy: `this machine lacks bird, vtysh`, `apt-get install bird2 frr`. */
export function missingPrograms(missing: readonly string[]): readonly [cause: string, remedy: string] {
  const known = [...new Set(missing.map((program) => PACKAGES[program]).filter((name) => name !== undefined))].sort();
  const unknown = missing.filter((program) => PACKAGES[program] === undefined);
  const remedies = [
    ...(known.length > 0 ? [`apt-get install ${known.join(' ')}`] : []),
    ...(unknown.length > 0 ? [`install whatever brings ${unknown.join(', ')}`] : []),
  ];
  return [`this machine lacks ${missing.join(', ')}`, remedies.join('; ')];
}
