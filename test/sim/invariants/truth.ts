/** What is so, whatever the processes believe: the grounds of every invariant. */
import type { Prefix } from '../../../src/model/address.js';
import type { Customer } from '../../../src/model/fleet.js';
import type { FaultKind } from '../faults/fault.js';
import { FAULTS } from '../faults/kinds.js';
import type { Server } from '../server.js';
import { lossOf } from '../way.js';
import type { World } from '../world.js';

const WITHDRAWS = new Map(FAULTS.map(({ name, withdraws }): [string, FaultKind['withdraws']] => [name, withdraws]));

/** Three probes of the longest interval, with their timeout: an agent that sees again, or has just started, has proven everything anew. */
export const PROOF_MS = 3_500;

/** The guard runs, and its gobgpd does as it is told and is heard by the routers. */
export function guardActs(server: Server): boolean {
  const { guard, daemon, routers, connected } = server;
  if (!guard?.process.isRunning || server.isEnding('guard')) return false;
  if (!daemon?.process.isRunning || daemon.fault !== undefined || daemon.mute || !connected) return false;
  return routers.every((router) => daemon.isEstablished(router));
}

/** The agent that holds the guard's epoch runs, and the link does not keep it from renewing. */
export function agentRenews(server: Server): boolean {
  const { agent, holder, link } = server;
  const isHeard = link.fault !== 'cut' && !server.isEnding('agent');
  return holder !== undefined && agent?.process === holder && holder.isRunning && isHeard;
}

/** What it says is heard at once. */
export const agentTalks = (server: Server): boolean => agentRenews(server) && server.link.fault === undefined;

/** The agent can read its kernel. */
export const agentReads = (server: Server): boolean => server.kernel.isReadable;

/** What the fleet file of this server wants announced. */
export const isWanted = (server: Server, prefix: Prefix): boolean => server.wanted.has(prefix);

export const customerOf = (customers: readonly Customer[], prefix: Prefix): Customer | undefined =>
  customers.find(({ prefixes }) => prefixes.some((own) => own.prefix === prefix));

/** Where packets for the prefix get lost on this server, by the fleet that has it. */
export const lossAt = (world: World, server: Server, prefix: Prefix): string | undefined =>
  server.kernel.remembered(prefix, (truth) => lossOf(world.widestView(server), prefix, truth));

const isServiceDown = ({ checks }: World, { downServices }: Server, prefix: Prefix): boolean =>
  downServices.size > 0 &&
  checks.some(
    ({ key, check, prefixes }) => downServices.has(key) && check.onDown === 'withdraw' && prefixes.includes(prefix),
  );

/** Nothing is wrong here: everything has to be at full, soon. */
export function isFine(world: World, server: Server): boolean {
  return (
    world.faultsOf(server).size === 0 &&
    !(server.disk instanceof Error) &&
    !server.isEnding('agent') &&
    !server.isEnding('guard') &&
    server.proberFault === undefined &&
    server.checkerFault === undefined &&
    guardActs(server) &&
    agentTalks(server) &&
    agentReads(server) &&
    !server.machine.paused
  );
}

function isStruck(world: World, server: Server, kind: FaultKind['withdraws']): boolean {
  for (const name of world.faultsOf(server).keys()) if (WITHDRAWS.get(name) === kind) return true;
  return false;
}

/**
 * A fault here that may take this prefix off the wire. Lost packets and a dump
 * that lies are two independent observations, however wrong one of them is.
 */
export function mayLeave(world: World, server: Server, prefix: Prefix): boolean {
  if (isStruck(world, server, 'always') || server.takenOut.has(prefix) || isServiceDown(world, server, prefix))
    return true;
  const isRemote =
    isStruck(world, server, 'remote') ||
    (world.remotes.size > 0 && world.remotesOf(server, prefix).some((remote) => remote !== 'up'));
  if (isRemote && (server.view.fleet.safety.remoteFault === 'withdraw' || server.kernel.isLying)) return true;
  // Lost packets bear a lying kernel out, about what all tunnels need too.
  if (server.kernel.isLying && world.hasLostWays(server)) return true;
  return lossAt(world, server, prefix) !== undefined;
}
