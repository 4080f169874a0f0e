/** Wires the command line to the rooms. */
import type { Commands, PlanOptions, RunOptions } from '../cli/commands.js';
import { fleetJsonSchema } from '../config/json-schema.js';
import { desiredKernel } from '../decide/kernel.js';
import { createClock } from '../drivers/clock/clock.js';
import { createExec } from '../drivers/exec/exec.js';
import { observeKernel } from '../engine/kernel.js';
import { agentStatus } from '../local/agent.js';
import { guardClient } from '../local/guard.js';
import type { KernelOp } from '../model/kernel.js';
import type { WireState } from '../model/lease.js';
import { planKernel } from '../plan/kernel.js';
import type { GuardClient } from '../ports/guard.js';
import { serverRulesets } from '../render/nft/rulesets.js';
import { explain, prefixMeant } from '../status/explain.js';
import { isAway, type Away, type StatusReport } from '../status/report.js';
import { runAgent } from './agent.js';
import { loadView } from './fleet-files.js';
import { runGuard } from './guard.js';
import { kernelDrivers } from './kernel.js';
import * as lab from './lab.js';
import { sockets } from './paths.js';

export const createCommands = (say: (text: string) => void): Commands => ({
  agent: runAgent,
  guard: runGuard,
  plan,
  status,
  drain,
  undrain: (options) => withGuard(options, (guard) => guard.undrain()),
  schema: fleetJsonSchema,
  explain: async (options, text) => {
    const report = await status(options);
    const known = [
      ...(isAway(report.guard) ? [] : report.guard.prefixes),
      ...(isAway(report.agent) ? [] : report.agent.announcements),
    ].map(({ prefix }) => prefix);
    if (isAway(report.guard) && isAway(report.agent)) throw new Error(`${report.guard.problem}; ${report.agent.problem}`);
    const meant = prefixMeant(text, known);
    if (!meant) throw new Error(`${text} is no prefix of this server; it knows ${[...new Set(known)].join(', ') || 'none'}`);
    return explain(meant, report.agent, report.guard);
  },
  labDeploy: (options) => lab.deploy(options, say),
  labUp: (options) => lab.up(options, say),
  labDestroy: (options) => lab.destroy(options, say),
  labInspect: lab.inspect,
  labExec: lab.execIn,
  labVerify: (options, steps) => lab.verifyLab(options, steps, say),
});

async function withGuard<T>({ runDir }: RunOptions, work: (guard: GuardClient) => Promise<T>): Promise<T> {
  const guard = guardClient(sockets(runDir).guard);
  try {
    return await work(guard);
  } finally {
    guard.close();
  }
}

const away = (error: unknown): Away => ({ problem: error instanceof Error ? error.message : String(error) });

async function status(options: RunOptions): Promise<StatusReport> {
  const [agent, guard] = await Promise.all([
    agentStatus(sockets(options.runDir).agent).catch(away),
    withGuard(options, (client) => client.status()).catch(away),
  ]);
  return { agent, guard };
}

async function plan(options: PlanOptions): Promise<readonly KernelOp[]> {
  const view = await loadView(options.fleet, options.server);
  const { drivers } = await kernelDrivers(createExec(), options);
  const tunnels = await agentStatus(sockets(options.runDir).agent).then(({ tunnels: known }) => known, () => []);
  const desired = desiredKernel(view, {
    tunnelHealth: (customer, tunnel) =>
      tunnels.find((known) => known.customer === customer && known.tunnel === tunnel)?.health ?? 'unknown',
    rulesets: serverRulesets(view),
  });
  const observed = await observeKernel(drivers, desired, view.server.uplinks);
  return planKernel(desired, observed, { prune: true });
}

/** Beyond degrade and settle: a drain that takes longer than this is stuck, and says so. */
const DRAIN_BOUND_MS = 60_000;
const LOOK_MS = 200;

function drain(options: RunOptions, progress: (state: WireState) => void): Promise<void> {
  return withGuard(options, async (guard) => {
    const clock = createClock();
    const began = clock.now();
    await guard.drain();
    for (let said = ''; ; ) {
      const state = await guard.status();
      const gone = state.prefixes.every(({ level, settled }) => level === 'withdrawn' && settled);
      if (state.drain === 'drained' && gone) return;
      const line = `${state.drain} ${state.prefixes.map(({ held }) => held).join()}`;
      if (line !== said) progress(state);
      said = line;
      if (clock.now() - began > DRAIN_BOUND_MS) {
        throw new Error(`not drained within ${DRAIN_BOUND_MS / 1000} s: ${line}; see culvert status`);
      }
      await new Promise<void>((resolve) => {
        clock.after(LOOK_MS, resolve);
      });
    }
  });
}
