/**
 * The way of a packet through a server, walked in the kernel as it is. Written
 * against the kernel's own rules and not against our judgement of them, so
 * that the two can disagree.
 */
import { familyOf, type Prefix } from '../../src/model/address.js';
import type { ServerView } from '../../src/model/fleet.js';
import type { FakeKernel } from '../plan/fake-kernel.js';
import { netnsOf, tunnelDeviceOf, vethOf } from '../../src/model/naming.js';

type Truth = ReturnType<FakeKernel['observe']>;

/** Where packets for this prefix get lost; `undefined` when they arrive in a tunnel, or at the endpoint. */
export function lossOf(view: ServerView, prefix: Prefix, kernel: Truth): string | undefined {
  if (!kernel.uplinks.some(({ up }) => up)) return 'no uplink is up';
  const { endpoints, covering } = view.fleet.provider;
  const hasEndpoint = kernel.addresses.some(
    ({ netns, device, address }) => netns === '' && device === 'lo' && address === endpoints.gre4,
  );
  if (!hasEndpoint) return `${endpoints.gre4} is not on lo`;
  if (covering.includes(prefix)) return undefined;
  return lossInside(view, prefix, kernel);
}

function lossInside(view: ServerView, prefix: Prefix, kernel: Truth): string | undefined {
  const customer = view.fleet.customers.find(({ prefixes }) => prefixes.some((own) => own.prefix === prefix));
  if (!customer) return 'the fleet does not name it';
  const family = familyOf(prefix);
  const { table, mark } = view.fleet.kernel;
  const netns = netnsOf(customer.name);
  const veth = vethOf(customer.name);

  if (!kernel.rulesets.some((ruleset) => ruleset.netns === '')) return 'nothing is marked';
  const looked = kernel.rules.some((rule) => rule.family === family && rule.mark === mark && rule.table === table);
  if (!looked) return `no rule for marked IPv${family} packets`;
  const way = kernel.routes.find(
    (routes) => routes.netns === '' && routes.table === table && routes.destinations.includes(prefix),
  );
  if (way?.target.kind !== 'via' || way.target.device !== veth) return `no route to ${veth}`;
  if (!kernel.namespaces.some(({ name }) => name === netns)) return `no ${netns}`;
  if (!kernel.veths.some(({ name, ready }) => name === veth && ready)) return `${veth} is not ready`;

  const inside = kernel.routes.find((routes) => routes.netns === netns && routes.destinations.includes(prefix));
  if (inside?.target.kind !== 'nexthop') return `no route to a tunnel in ${netns}`;
  const { id } = inside.target;
  const group = kernel.nexthops.find((nexthop) => nexthop.netns === netns && nexthop.id === id);
  if (group?.target.kind !== 'group') return `no nexthop group in ${netns}`;
  const { members } = group.target;
  const devices = kernel.nexthops.flatMap((nexthop) =>
    nexthop.netns === netns && nexthop.target.kind === 'device' && members.some((member) => member.id === nexthop.id)
      ? [nexthop.target.device]
      : [],
  );
  const stands = customer.tunnels.some(({ name, remote }) => {
    const device = tunnelDeviceOf(name);
    const found = kernel.tunnels.find((tunnel) => tunnel.netns === netns && tunnel.name === device);
    return devices.includes(device) && found?.up === true && found.remote === remote;
  });
  return stands ? undefined : 'no tunnel of its group stands';
}
