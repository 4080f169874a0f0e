import type { AgentOptions } from '../cli/commands.js';
import { createClock } from '../drivers/clock/clock.js';
import { createExec } from '../drivers/exec/exec.js';
import { createNamespaces } from '../drivers/namespaces/namespaces.js';
import { createKernelEvents } from '../drivers/netlink/netlink.js';
import { createProber } from '../drivers/probe/prober.js';
import { createSyscalls } from '../drivers/syscall/syscalls.js';
import { Agent, type AgentInput } from '../engine/agent.js';
import { serveAgent } from '../local/agent.js';
import { guardClient } from '../local/guard-client.js';
import type { KernelNumbers } from '../model/fleet.js';
import { serverRulesets } from '../render/nft/rulesets.js';
import { loadView, onlyOnce, type Warn } from './fleet-files.js';
import { kernelDrivers } from './kernel.js';
import { createLog } from './log.js';
import { needFolder, needRoot } from './machine.js';
import { entry, sockets } from './paths.js';
import { signalled } from './signals.js';

/** Runs the agent until SIGTERM or SIGINT. Rejects before anything was changed when it cannot run here. */
export async function runAgent(options: AgentOptions): Promise<void> {
  const log = createLog('agent');
  const warn = onlyOnce((line) => log.warn(line));
  const input = await readInput(options, warn);
  needRoot('the agent configures the kernel');
  const [exec, clock, at] = [createExec(), createClock(), sockets(options.runDir)];
  const { drivers, said } = await kernelDrivers(exec, input.view.fleet.kernel, options);
  await needFolder(options.runDir, 0o755, '--run-dir');
  const syscalls = createSyscalls();
  const guard = guardClient(at.guard);
  const agent = new Agent(
    {
      pid: process.pid,
      tunnelDriver: said,
      clock,
      log,
      kernel: drivers,
      events: createKernelEvents({ syscalls, namespaces: createNamespaces({ syscalls }), clock }),
      prober: createProber({ exec, argv: entry('prober') }),
      guard,
    },
    input,
  );
  const socket = await serveAgent(at.agent, process.pid, () => agent.status());
  const reload = (): void => {
    readInput(options, warn).then(
      (next) => {
        const changed = changedNumbers(input.view.fleet.kernel, next.view.fleet.kernel);
        if (changed !== undefined) return log.error(REFUSED, { problem: changed });
        agent.follow(next);
        log.info('fleet read again', { generation: next.view.fleet.generation });
      },
      (error: unknown) => log.error(REFUSED, { problem: (error as Error).message }),
    );
  };
  process.on('SIGHUP', reload);
  agent.start();
  log.info('agent started', { server: options.server, tunnels: said, generation: input.view.fleet.generation });
  await signalled();
  process.off('SIGHUP', reload);
  await agent.stop(options.drainOnExit ? 'drain' : 'keep');
  guard.close();
  await socket.close();
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
  const view = await loadView(options.fleet, options.server, warn);
  return { view, rulesets: serverRulesets(view) };
}
