import { parseTopology } from '../../src/lab/parse-topology.js';
import { formatTopologyIssue, type Topology } from '../../src/lab/topology.js';

const parsed = (text: string, env: Record<string, string> = {}): Topology => {
  const { topology, issues } = parseTopology(text, '/labs/t.clab.yml', env);
  if (issues) throw new Error(issues.map(formatTopologyIssue).join('\n'));
  return topology;
};

const issuesOf = (text: string): readonly string[] =>
  (parseTopology(text, 't.clab.yml').issues ?? []).map(formatTopologyIssue);

const node = (topology: Topology, name: string) => topology.nodes.find((each) => each.name === name)!;

const LAYERED = `
name: layers
topology:
  defaults:
    kind: linux
    image: default
    env: { A: defaults, B: defaults, C: defaults, D: defaults }
    sysctls: { net.ipv4.ip_forward: 0 }
    exec: [echo defaults]
    binds: [d:/etc/one, d:/etc/two, d:/etc/three, d:/etc/four]
  kinds:
    linux:
      image: kind
      env: { B: kind, C: kind, D: kind }
      exec: [echo kind]
      binds: [k:/etc/two, k:/etc/three, k:/etc/four:ro]
  groups:
    g:
      image: group
      env: { C: group, D: group }
      labels: { who: group }
      exec: [echo group]
      binds: [g:/etc/three, g:/etc/four]
  nodes:
    all:
      group: g
      image: node
      env: { D: node }
      sysctls: { net.ipv4.ip_forward: 1 }
      exec: [echo node]
      binds: [n:/etc/four]
    grouped: { group: g }
    plain:
`;

describe('precedence', () => {
  const topology = parsed(LAYERED);

  it.each([
    ['all', 'node'],
    ['grouped', 'group'],
    ['plain', 'kind'],
  ])('%s has the image of its nearest level', (name, image) => {
    expect(node(topology, name).image).toBe(image);
  });

  it('merges env, labels and sysctls key by key', () => {
    const { env, labels, sysctls } = node(topology, 'all');
    expect(env).toEqual({ A: 'defaults', B: 'kind', C: 'group', D: 'node' });
    expect(labels).toEqual({ who: 'group' });
    expect(sysctls).toEqual({ 'net.ipv4.ip_forward': '1' });
    expect(node(topology, 'plain').sysctls).toEqual({ 'net.ipv4.ip_forward': '0' });
  });

  it('runs exec from the widest level to the nearest', () => {
    expect(node(topology, 'all').exec.map(([, word]) => word)).toEqual(['defaults', 'kind', 'group', 'node']);
  });

  it('keeps one bind per target, of the nearest level', () => {
    const sources = Object.fromEntries(
      node(topology, 'all').binds.map(({ source, target, readOnly }) => [target, [source, readOnly]]),
    );
    expect(sources).toEqual({
      '/etc/one': ['/labs/d', false],
      '/etc/two': ['/labs/k', false],
      '/etc/three': ['/labs/g', false],
      '/etc/four': ['/labs/n', false],
    });
    expect(node(topology, 'plain').binds.find(({ target }) => target === '/etc/four')?.readOnly).toBe(true);
  });
});

describe('values', () => {
  it("expands the environment first, then containerlab's own names", () => {
    const topology = parsed(
      `
name: \${LAB:=fallback}
topology:
  nodes:
    a:
      kind: linux
      image: frr:\${TAG:-10}
      cmd: echo __clabNodeName__ $$HOME
      env: { WHERE: __clabNodeDir__, LAB: __clabLabName__, AGAIN: "\${LAB}" }
      binds: [__clabDir__/x:/x, __clabNodeName__.conf:/etc/y:ro]
`,
      { TAG: '8.4' },
    );
    expect(topology.name).toBe('fallback');
    expect(node(topology, 'a')).toMatchObject({
      image: 'frr:8.4',
      command: ['echo', 'a', '$HOME'],
      env: { WHERE: '/labs/clab-fallback/a', LAB: 'fallback', AGAIN: 'fallback' },
      binds: [
        { source: '/labs/clab-fallback/x', target: '/x', readOnly: false },
        { source: '/labs/a.conf', target: '/etc/y', readOnly: true },
      ],
    });
  });

  it('joins entrypoint and cmd, split without a shell', () => {
    const topology = parsed(`
name: t
topology:
  nodes:
    a: { kind: linux, entrypoint: sh -c, cmd: "'echo \\"a b\\" > /tmp/x; true' last" }
`);
    expect(node(topology, 'a').command).toEqual(['sh', '-c', 'echo "a b" > /tmp/x; true', 'last']);
  });

  it("reads brief links and extended veth links, with containerlab's default MTU", () => {
    const { links, notEmulated } = parsed(`
name: t
topology:
  defaults: { kind: linux, network-mode: none }
  nodes: { a: {}, b: {} }
  links:
    - endpoints: ["a:eth1", "b:eth1"]
    - endpoints: ["a:eth2", "b:eth2"]
      mtu: 1500
      ipv4: ["192.0.2.1/24"]
    - type: veth
      mtu: 1400
      endpoints:
        - { node: a, interface: eth3, mac: "02:00:00:00:00:01" }
        - { node: b, interface: eth3 }
`);
    expect(links.map(({ mtu }) => mtu)).toEqual([9500, 1500, 1400]);
    expect(links[2]?.ends).toEqual([
      { node: 'a', device: 'eth3', mac: '02:00:00:00:00:01' },
      { node: 'b', device: 'eth3', mac: undefined },
    ]);
    expect(notEmulated).toEqual(['links[1].ipv4: use exec for addresses and routes']);
  });

  it('says what it does not emulate', () => {
    const { notEmulated } = parsed(`
name: t
mgmt: { network: x }
topology:
  kinds: { linux: { cpu: 2 } }
  nodes:
    a: { kind: linux, ports: ["80:80"], memory: 1G, network-mode: none }
    b: { kind: nokia_srlinux, startup-config: x.cfg, network-mode: host }
    c: { kind: linux }
`);
    expect(notEmulated).toEqual([
      'mgmt',
      'a: cpu',
      'a: memory',
      'a: ports',
      'b: startup-config',
      'b: network-mode host',
      'b: kind nokia_srlinux; its links exist, and it runs no image of its own',
      'c: cpu',
      'c: eth0 in the management network',
    ]);
  });
});

describe('refusals', () => {
  const withNodes = (rest: string): string => `name: t
topology:
  nodes:
    a: { kind: linux }
    b: { kind: linux }
${rest}`;

  it.each([
    [
      'an unknown key in a node',
      'name: t\ntopology:\n  nodes:\n    a:\n      kind: linux\n      bind: [x:/y]\n',
      ['t.clab.yml:6:7: topology.nodes.a.bind is no key of a containerlab topology; write binds'],
    ],
    [
      "a key of one's own",
      'name: t\ntopology:\n  nodes: { a: { kind: linux } }\n  colour: blue\n',
      [
        't.clab.yml:4:3: topology.colour is no key of a containerlab topology; remove it; labels are the place for keys of your own',
      ],
    ],
    [
      'a node without a kind',
      'name: t\ntopology:\n  nodes:\n    a: {}\n',
      ['t.clab.yml:4:5: node a has no kind; write kind: linux'],
    ],
    [
      'an open quote',
      'name: t\ntopology:\n  nodes:\n    a: { kind: linux, exec: ["echo \'x"] }\n',
      ['t.clab.yml:4:30: "echo \'x" cannot be split into words; close the quotes; no shell reads this line'],
    ],
    [
      'a bind without a target',
      'name: t\ntopology:\n  nodes:\n    a: { kind: linux, binds: [x] }\n',
      ['t.clab.yml:4:31: "x" is no bind; write source:target or source:target:ro, the target absolute'],
    ],
    [
      'a link to nowhere',
      withNodes('  links:\n    - endpoints: ["a:eth1", "bb:eth1"]\n'),
      ['t.clab.yml:7:29: there is no node bb; write b'],
    ],
    [
      'one interface twice',
      withNodes('  links:\n    - endpoints: ["a:eth1", "b:eth1"]\n    - endpoints: ["a:eth1", "b:eth2"]\n'),
      ['t.clab.yml:8:19: a:eth1 is already an end of links[0]; give each link its own interface'],
    ],
    [
      "the machine's own network",
      withNodes('  links:\n    - endpoints: ["a:eth1", "host:eth1"]\n'),
      ["t.clab.yml:7:29: host:eth1 would join this machine's own network; link two nodes of the lab"],
    ],
    [
      'a link type',
      withNodes('  links:\n    - { type: macvlan, endpoint: { node: a, interface: eth1 } }\n'),
      ['t.clab.yml:7:15: links of type "macvlan" are not emulated; use a veth link between two nodes'],
    ],
    [
      'eth0, a name too long, half an end',
      withNodes('  links:\n    - endpoints: ["a:eth0", "b:averylongdevice1"]\n    - endpoints: ["a", "b:eth1"]\n'),
      [
        't.clab.yml:7:19: eth0 belongs to the management network; begin with eth1',
        't.clab.yml:7:29: averylongdevice1 is no name for an interface; use at most 15 letters and digits',
        't.clab.yml:8:19: "a" is no end of a link; write "node:interface"',
      ],
    ],
    ['what is not YAML', 'name: [t\n', ['t.clab.yml:2:1: not readable as YAML']],
    ['nothing at all', '', ['t.clab.yml:1:1: the file']],
  ])('%s', (_, text, expected) => {
    const issues = issuesOf(text);
    expect(issues).toHaveLength(expected.length);
    for (const [index, start] of expected.entries()) expect(issues[index]).toContain(start);
  });

  it('reports everything at once, in the order of the file', () => {
    const issues = issuesOf(
      'name: t\ntopology:\n  nodes:\n    a: { kind: linux, cmdd: x }\n    b: { kind: 5 }\nnmae: x\n',
    );
    expect(issues.map((issue) => issue.split(':').slice(1, 3).join(':'))).toEqual(['4:23', '5:16', '6:1']);
  });
});
