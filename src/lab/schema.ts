/** The part of containerlab's format that Culvert understands. Strict: a key that is neither imitated nor known to be containerlab's is an error. */
import { z } from 'zod';

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const scalars = z.record(z.string(), z.union([scalar, z.null().transform(() => '')]));
const commands = z.array(z.string().min(1));

/** containerlab's, accepted as they are, and said at deploy. */
const unused = z.unknown().optional();

const NODE_KEYS_NOT_EMULATED = {
  aliases: unused,
  'auto-remove': unused,
  'cap-add': unused,
  certificate: unused,
  'cgroup-parent': unused,
  'cgroupns-mode': unused,
  components: unused,
  config: unused,
  cpu: unused,
  'cpu-set': unused,
  credentials: unused,
  devices: unused,
  dns: unused,
  'enforce-startup-config': unused,
  'env-files': unused,
  extras: unused,
  healthcheck: unused,
  hostname: unused,
  'image-pull-policy': unused,
  license: unused,
  'link-apply-mode': unused,
  memory: unused,
  'mgmt-ipv4': unused,
  'mgmt-ipv6': unused,
  'pid-mode': unused,
  ports: unused,
  privileged: unused,
  'restart-policy': unused,
  runtime: unused,
  'security-opts': unused,
  'shm-size': unused,
  stages: unused,
  'startup-config': unused,
  'startup-delay': unused,
  'suppress-startup-config': unused,
  tmpfs: unused,
  type: unused,
  user: unused,
  volumes: unused,
};

const nodeDefinition = z
  .strictObject({
    kind: z.string().min(1).optional(),
    group: z.string().optional(),
    image: z.string().min(1).optional(),
    'network-mode': z.string().optional(),
    binds: z.array(z.string()).optional(),
    exec: commands.optional(),
    cmd: z.string().optional(),
    entrypoint: z.string().optional(),
    env: scalars.optional(),
    labels: scalars.optional(),
    sysctls: scalars.optional(),
    ...NODE_KEYS_NOT_EMULATED,
  })
  .nullable()
  .transform((definition) => definition ?? {});

export type NodeDefinition = z.output<typeof nodeDefinition>;

/** Keys of a node that containerlab would act on and a namespace does not. */
export const nodeKeysNotEmulated: readonly string[] = Object.keys(NODE_KEYS_NOT_EMULATED);

/** containerlab's rule for names of labs and nodes; a node's name is also its host name. */
const name = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]*$/, 'letters, digits, dots, hyphens and underscores');
const definitions = z.record(z.string(), nodeDefinition).optional();

const TOP_KEYS_NOT_EMULATED = { prefix: unused, mgmt: unused, settings: unused, debug: unused };
export const topKeysNotEmulated: readonly string[] = Object.keys(TOP_KEYS_NOT_EMULATED);

export const topologyFile = z.strictObject({
  name: name.max(60),
  topology: z.strictObject({
    defaults: nodeDefinition.optional(),
    kinds: definitions,
    groups: definitions,
    nodes: z.record(name.max(60), nodeDefinition).refine((nodes) => Object.keys(nodes).length > 0, 'at least one node'),
    links: z.array(z.unknown()).optional(),
  }),
  ...TOP_KEYS_NOT_EMULATED,
});

export type TopologyFile = z.output<typeof topologyFile>;

const mtu = z.int().min(68).max(65_535).optional();
const linkKeysNotEmulated = { ipv4: unused, ipv6: unused, vars: unused, labels: unused };

/** `endpoints: ["a:eth1", "b:eth1"]`. */
export const briefLink = z.strictObject({
  endpoints: z.tuple([z.string(), z.string()]),
  mtu,
  ...linkKeysNotEmulated,
});

/** `type: veth` with endpoints as maps. */
export const vethLink = z.strictObject({
  type: z.literal('veth'),
  endpoints: z.tuple([z.unknown(), z.unknown()]),
  mtu,
  ...linkKeysNotEmulated,
});

export const vethEndpoint = z.strictObject({
  node: z.string(),
  interface: z.string(),
  mac: z
    .string()
    .regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i, 'six hexadecimal bytes with colons')
    .optional(),
  ipv4: unused,
  ipv6: unused,
  vars: unused,
});
