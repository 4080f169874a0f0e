/** A customer that cannot be reached is announced less than full, and no more of them leave than the budget permits. */
import type { Prefix } from '../../../src/model/address.js';
import type { TunnelProbe } from '../../../src/model/fleet.js';
import type { DesiredSet } from '../../../src/model/lease.js';
import type { ReasonCode } from '../../../src/model/reason.js';
import type { Server } from '../server.js';
import { Since, Violation } from '../violation.js';
import type { Watcher, World } from '../world.js';
import { agentReads, agentTalks, customerOf, guardActs } from './truth.js';

/** After the probe that makes it certain: a pass, an offer, an UPDATE. */
const REACTION_MS = 1_000;

const boundOf = ({ fall, intervalMs, timeoutMs }: TunnelProbe): number =>
  (fall + 2) * intervalMs + timeoutMs + REACTION_MS;

export function remoteFaultsLower(world: World): Watcher {
  const cut = new Map(
    world.servers.map((server) => [server, new Map(world.prefixes.map((prefix) => [prefix, new Since()]))]),
  );
  const bounds = new Map(
    world.larger.customers.flatMap(({ prefixes, tunnels: [tunnel] }) =>
      prefixes.flatMap(({ prefix }) => (tunnel ? [[prefix, boundOf(tunnel.probe)] as const] : [])),
    ),
  );
  return {
    look: (now) => {
      let next = Number.POSITIVE_INFINITY;
      for (const server of world.servers) {
        const { kernel, proberFault, machine } = server;
        const probes = proberFault === undefined && !machine.paused && !kernel.isSlow;
        const knows = probes && guardActs(server) && agentTalks(server) && agentReads(server);
        for (const [prefix, since] of cut.get(server) ?? []) {
          const bound = bounds.get(prefix);
          const isCut = knows && world.remotes.size > 0 && isCutOff(world, server, prefix);
          const at = since.update(isCut, now);
          if (at === undefined || bound === undefined) continue;
          if (now < at + bound) next = Math.min(next, at + bound);
          else
            throw new Violation('what cannot be reached is not full', `${server.name} ${prefix} after ${now - at} ms`);
        }
      }
      return next;
    },
  };
}

function isCutOff(world: World, server: Server, prefix: Prefix): boolean {
  if (world.routerOf(server).levelFrom(server.name, prefix) !== 'full') return false;
  const remotes = world.remotesOf(server, prefix);
  return remotes.length > 0 && remotes.every((remote) => remote === 'down');
}

export function budgetsHold(): Watcher {
  const checked = new Map<Server, DesiredSet['announcements']>();
  return {
    offering: (server, _, set) => {
      const isNew = checked.get(server) !== set.announcements;
      checked.set(server, set.announcements);
      if (isNew && !server.kernel.isLying) check(server, set);
      return () => undefined;
    },
  };
}

/** What is broken here leaves whatever the budget says, and what was never there has nothing to leave. */
const LOCAL: readonly ReasonCode[] = ['data-plane-fault', 'endpoint-fault', 'data-plane-pending', 'checks-pending'];
/** What neither fleet nor operators want announced is no part of the whole; what an operator has demanded is. */
const UNWANTED: readonly ReasonCode[] = ['not-advertised', 'on-demand', 'operator-withdraw', 'intents-unknown'];

function check(server: Server, { announcements }: DesiredSet): void {
  const { customers, safety } = server.view.fleet;
  const wanted = announcements.filter(
    ({ prefix, level, reasons }) =>
      customerOf(customers, prefix) !== undefined &&
      !(level === 'withdrawn' && reasons.every(({ code }) => UNWANTED.includes(code))),
  );
  const hasOwn = (prefix: Prefix): boolean =>
    customerOf(customers, prefix)?.checks.some(({ remote }) => !remote) ?? false;
  const lost = announcements.flatMap(({ prefix, level, reasons }) => {
    const codes = reasons.map(({ code }) => code);
    const isHere = LOCAL.some((code) => codes.includes(code)) || (codes.includes('check-down') && hasOwn(prefix));
    const isRemote = codes.includes('tunnels-down') || codes.includes('check-down');
    return level === 'withdrawn' && isRemote && !isHere ? [prefix] : [];
  });
  const whose = new Set(lost.map((prefix) => customerOf(customers, prefix)?.name));
  if (whose.size > 1 && lost.length > safety.maxWithdrawnShare * wanted.length)
    throw new Violation(
      'budgets hold',
      `${server.name} withdraws ${lost.join()} of ${wanted.length} for remote faults, of ${safety.maxWithdrawnShare}`,
    );
}
