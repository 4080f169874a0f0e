#!/usr/bin/env node
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { createExec } from '../drivers/exec/exec.js';
import { createSyscalls } from '../drivers/syscall/syscalls.js';
import { parseStaticTunnel, type StaticTunnel } from '../drivers/tunnel/tun/static-tunnel.js';
import { runStaticTund, runTund } from '../drivers/tunnel/tun/tund.js';

interface Flags {
  readonly socket?: string;
  readonly static: readonly StaticTunnel[];
}

/** Until SIGTERM or SIGINT. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stop.abort());
  return stop.signal;
}

function collect(text: string, before: readonly StaticTunnel[]): readonly StaticTunnel[] {
  try {
    return [...before, parseStaticTunnel(text)];
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

/** `culvert tund`: GRE in user space, for labs on kernels without ip_gre. */
export function tundCommand(): Command {
  return new Command('tund')
    .description('GRE in user space, for labs on kernels without ip_gre')
    .option('--socket <path>', 'serve an agent: tunnels are opened and closed through this socket')
    .option(
      '--static <tunnel>',
      'a fixed tunnel in this namespace: name=,local=,remote=[,key=][,mtu=][,address=]',
      collect,
      [],
    )
    .action(async ({ socket, static: tunnels }: Flags, command: Command) => {
      if ((socket === undefined) === (tunnels.length === 0)) command.error('error: give either --socket or --static');
      const base = { syscalls: createSyscalls(), signal: stopSignal(), up: (text: string) => console.log(text) };
      if (socket !== undefined) await runTund({ ...base, socket });
      else await runStaticTund({ ...base, exec: createExec(), tunnels });
    });
}

if (realpathSync(process.argv[1] ?? '') === fileURLToPath(import.meta.url)) {
  await tundCommand()
    .parseAsync()
    .catch((error: unknown) => {
      console.error(`tund: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    });
}
