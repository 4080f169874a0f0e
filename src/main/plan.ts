import type { PlanOptions } from '../cli/commands.js';
import { desiredKernel } from '../decide/kernel.js';
import { createExec } from '../drivers/exec/exec.js';
import { observeKernel } from '../engine/kernel.js';
import { agentStatus } from '../local/agent-client.js';
import type { KernelOp } from '../model/kernel.js';
import { planKernel } from '../plan/kernel.js';
import { serverRulesets } from '../render/nft/rulesets.js';
import { loadView, type Warn } from './fleet-files.js';
import { kernelDrivers } from './kernel.js';
import { needRoot } from './machine.js';
import { sockets } from './paths.js';

/** What an agent would do now. Tunnels that a running agent knows to be down are taken as down. */
export async function plan(options: PlanOptions, warn: Warn): Promise<readonly KernelOp[]> {
  const view = await loadView(options.fleet, options.server, warn);
  needRoot('plan reads the kernel of every namespace');
  const { drivers, groups } = await kernelDrivers(createExec(), view.fleet.kernel, options);
  const tunnels = await agentStatus(sockets(options.runDir).agent).then(
    (status) => status.tunnels,
    () => [],
  );
  const desired = desiredKernel(view, {
    tunnelHealth: (customer, tunnel) =>
      tunnels.find((known) => known.customer === customer && known.tunnel === tunnel)?.health ?? 'unknown',
    rulesets: serverRulesets(view),
    hashing: groups.kind,
  });
  const observed = await observeKernel(drivers, desired, view.server.uplinks);
  return planKernel(desired, observed, { prune: true });
}
