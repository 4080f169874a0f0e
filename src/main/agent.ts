import { mkdir } from 'node:fs/promises';
import type { AgentOptions } from '../cli/commands.js';
import { createClock } from '../drivers/clock/clock.js';
import { createExec } from '../drivers/exec/exec.js';
import { createKernelEvents } from '../drivers/netlink/netlink.js';
import { createProber } from '../drivers/probe/prober.js';
import { Agent, type AgentInput } from '../engine/agent.js';
import { serveAgent } from '../local/agent.js';
import { guardClient } from '../local/guard.js';
import { serverRulesets } from '../render/nft/rulesets.js';
import { loadView } from './fleet-files.js';
import { kernelDrivers } from './kernel.js';
import { createLog } from './log.js';
import { entry, sockets } from './paths.js';
import { signalled } from './signals.js';

/** Runs the agent until SIGTERM or SIGINT. Rejects before anything was changed when it cannot run here. */
export async function runAgent(options: AgentOptions): Promise<void> {
  const input = await readInput(options);
  if (process.getuid?.() !== 0) throw new Error('the agent configures the kernel and needs root; start it as root');
  const [exec, clock, log, at] = [createExec(), createClock(), createLog('agent'), sockets(options.runDir)];
  const { drivers, said } = await kernelDrivers(exec, input.view.fleet.kernel, options);
  await mkdir(options.runDir, { recursive: true, mode: 0o755 });
  const guard = guardClient(at.guard);
  const agent = new Agent(
    {
      pid: process.pid,
      tunnelDriver: said,
      clock,
      log,
      kernel: drivers,
      events: createKernelEvents(exec, clock),
      prober: createProber({ exec, argv: entry('prober') }),
      guard,
    },
    input,
  );
  const socket = await serveAgent(at.agent, process.pid, () => agent.status());
  const reload = (): void => {
    readInput(options).then(
      (next) => {
        agent.follow(next);
        log.info('fleet read again', { generation: next.view.fleet.generation });
      },
      (error: unknown) => log.error('fleet refused; the last good one stays', { problem: (error as Error).message }),
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

async function readInput(options: AgentOptions): Promise<AgentInput> {
  const view = await loadView(options.fleet, options.server);
  return { view, rulesets: serverRulesets(view) };
}
