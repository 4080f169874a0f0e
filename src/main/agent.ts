import { join } from 'node:path';
import type { AgentOptions } from '../cli/commands.js';
import { createChecker } from '../drivers/check/checker.js';
import { openChronicle } from '../drivers/chronicle/chronicle.js';
import { createClock } from '../drivers/clock/clock.js';
import { createExec } from '../drivers/exec/exec.js';
import { createFiles } from '../drivers/files/files.js';
import { createNamespaces } from '../drivers/namespaces/namespaces.js';
import { createKernelEvents } from '../drivers/netlink/netlink.js';
import { createProber } from '../drivers/probe/prober.js';
import { createSyscalls } from '../drivers/syscall/syscalls.js';
import { keepThrifty, returnLargeBlocks } from '../drivers/syscall/thrift.js';
import { Agent } from '../engine/agent.js';
import type { AgentInput } from '../engine/agent-fleet.js';
import { serveAgent } from '../local/agent.js';
import { guardClient } from '../local/guard-client.js';
import type { KernelNumbers } from '../model/fleet.js';
import type { BulkAllowance } from '../model/lease.js';
import { serverRulesets } from '../render/nft/rulesets.js';
import { loadView, onlyOnce, type Warn } from './fleet-files.js';
import { kernelDrivers } from './kernel.js';
import { createLog } from './log.js';
import { bootOf, needFolder, needRoot } from './machine.js';
import { entry, fleetMemo, records, sockets } from './paths.js';
import { signalled } from './signals.js';

/** Runs the agent until SIGTERM or SIGINT. Rejects before anything was changed when it cannot run here. */
export async function runAgent(options: AgentOptions): Promise<void> {
  returnLargeBlocks();
  const log = createLog('agent');
  const warn = onlyOnce((line) => log.warn(line));
  const input = await readInput(options, warn);
  needRoot('the agent configures the kernel');
  const [exec, clock, at] = [createExec(), createClock(), sockets(options.runDir)];
  const { drivers, said, groups } = await kernelDrivers(exec, input.view.fleet.kernel, options);
  await needFolder(options.runDir, 0o755, '--run-dir');
  await needFolder(options.stateDir, 0o700, '--state-dir');
  const syscalls = createSyscalls();
  const guard = guardClient(at.guard);
  const chronicle = openChronicle({
    path: records(options.stateDir).agent,
    by: 'agent',
    boot: await bootOf(),
    clock,
    log,
  });
  const agent = new Agent(
    {
      pid: process.pid,
      tunnelDriver: said,
      groups,
      clock,
      log,
      chronicle,
      kernel: drivers,
      events: createKernelEvents({ syscalls, namespaces: createNamespaces({ syscalls }), clock }),
      prober: createProber({ exec, argv: entry('prober') }),
      checker: createChecker({ exec, argv: entry('checker') }),
      guard,
      intents: { files: createFiles(), path: join(options.stateDir, 'intents') },
    },
    input,
  );
  /** Resolves to the generation in force; a fleet that is refused changes nothing. */
  const reload = async (allowance?: BulkAllowance): Promise<string> => {
    const next = await readInput(options, warn);
    const changed = changedNumbers(input.view.fleet.kernel, next.view.fleet.kernel) ?? agent.follow(next, allowance);
    if (changed !== undefined) throw new Error(changed);
    log.info('fleet read again', { generation: next.view.fleet.generation, ...allowance });
    return next.view.fleet.generation;
  };
  const socket = await serveAgent(at.agent, process.pid, {
    status: () => agent.status(),
    intend: (request) => agent.intend(request),
    reload: (allowance) => reload(allowance),
  });
  const hangup = (): void => {
    reload().catch((error: unknown) => log.error(REFUSED, { problem: (error as Error).message }));
  };
  process.on('SIGHUP', hangup);
  const thrift = keepThrifty(clock);
  agent.start();
  const { generation } = input.view.fleet;
  log.info('agent started', { server: options.server, tunnels: said, groups: groups.kind, generation });
  if (groups.kind === 'threshold') log.warn('no resilient nexthop groups', { detail: groups.detail });
  await signalled();
  process.off('SIGHUP', hangup);
  await agent.stop(options.drainOnExit ? 'drain' : 'keep');
  thrift.stop();
  guard.close();
  await socket.close();
  await chronicle.close();
  log.info('agent stopped');
}

const REFUSED = 'fleet refused; the last good one stays';

/** The drivers know our objects by these numbers and are built with them. */
function changedNumbers(running: KernelNumbers, next: KernelNumbers): string | undefined {
  const names = Object.keys(running) as (keyof KernelNumbers)[];
  const changed = names.filter((name) => running[name] !== next[name]);
  if (changed.length === 0) return undefined;
  const texts = changed.map((name) => `${name} from ${running[name]} to ${next[name]}`);
  return `kernel: ${texts.join(', ')} cannot change while the agent runs; drain this server, restart its agent, undrain`;
}

async function readInput(options: AgentOptions, warn: Warn): Promise<AgentInput> {
  const view = await loadView(options.fleet, options.server, warn, fleetMemo(options.stateDir));
  return { view, rulesets: serverRulesets(view) };
}
