/** The commands behind each operation on links. */
import { familyOf } from '../../model/address.js';
import { EDGE_INSIDE, EDGE_LENGTH, EDGE_OUTSIDE } from '../../model/edge.js';
import type { AddressState, KernelOp, NamespaceState, Netns, VethState } from '../../model/kernel.js';
import { DEFAULT_NETNS, EDGE_DEVICE, ownerAlias } from '../../model/naming.js';
import { LABEL } from './read.js';

type Kinds =
  'namespace-add' | 'namespace-delete' | 'veth-add' | 'veth-repair' | 'veth-delete' | 'address-add' | 'address-delete';
export type LinkOp = Extract<KernelOp, { kind: Kinds }>;

/** One command, where it runs, and the operation it serves. */
export interface Step {
  readonly netns: Netns;
  readonly command: string;
  readonly op: LinkOp;
}

/** Commands of one operation, in the order of their phases; a phase of many operations is one batch per namespace. */
export type Phases = readonly (readonly Step[])[];

export function phasesOf(op: LinkOp): Phases {
  const step = (netns: Netns, command: string): Step => ({ netns, command, op });
  switch (op.kind) {
    case 'namespace-add':
      return [[step(DEFAULT_NETNS, `netns add ${op.namespace.name}`)], namespaceSetUp(op.namespace, step)];
    case 'namespace-delete':
      return [[step(DEFAULT_NETNS, `netns delete ${op.name}`)]];
    case 'veth-add':
      return [
        [
          step(
            DEFAULT_NETNS,
            `link add name ${op.veth.name} type veth peer name ${EDGE_DEVICE} netns ${op.veth.netns}`,
          ),
        ],
        ...vethSetUp(op.veth, step),
      ];
    case 'veth-repair':
      return vethSetUp(op.veth, step);
    case 'veth-delete':
      return [[step(DEFAULT_NETNS, `link delete dev ${op.name}`)]];
    case 'address-add':
      return [[step(op.address.netns, addition(op.address))]];
    case 'address-delete':
      return [[step(op.address.netns, `address delete ${onDevice(op.address)}`)]];
  }
}

type MakeStep = (netns: Netns, command: string) => Step;

const namespaceSetUp = ({ name, customer }: NamespaceState, step: MakeStep): readonly Step[] => [
  step(name, `link set dev lo alias ${ownerAlias(customer)}`),
  step(name, 'link set dev lo up'),
];

/** No address of the kernel's making on either end (addrgenmode), and none that waits for duplicate detection. */
const vethSetUp = ({ name, netns, customer }: VethState, step: MakeStep): Phases => [
  [
    step(DEFAULT_NETNS, `link set dev ${name} alias ${ownerAlias(customer)} addrgenmode none`),
    step(DEFAULT_NETNS, `link set dev ${name} up`),
    step(DEFAULT_NETNS, `address replace ${EDGE_OUTSIDE}/${EDGE_LENGTH} dev ${name} nodad scope link`),
  ],
  [
    step(netns, `link set dev ${EDGE_DEVICE} addrgenmode none`),
    step(netns, `link set dev ${EDGE_DEVICE} up`),
    step(netns, `address replace ${EDGE_INSIDE}/${EDGE_LENGTH} dev ${EDGE_DEVICE} nodad scope link`),
  ],
];

const onDevice = ({ address, length, device }: AddressState): string => `${address}/${length} dev ${device}`;

/** In the default namespace an address that is there already is somebody else's: `add` refuses it, `replace` would take it. */
function addition(address: AddressState): string {
  if (address.netns === DEFAULT_NETNS) return `address add ${onDevice(address)} label ${LABEL}`;
  return `address replace ${onDevice(address)}${familyOf(address.address) === 6 ? ' nodad' : ''}`;
}
