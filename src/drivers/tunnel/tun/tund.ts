import type { Exec } from '../../../ports/exec.js';
import type { Syscalls } from '../../../ports/syscall.js';
import { Carrier } from './carrier.js';
import { bringUp, type StaticTunnel } from './static-tunnel.js';

/** Runs until `signal` aborts; devices end with it. */
export interface StaticTund {
  readonly syscalls: Syscalls;
  readonly exec: Exec;
  readonly tunnels: readonly StaticTunnel[];
  readonly signal: AbortSignal;
  /** Called once for each tunnel that carries packets. */
  readonly up: (text: string) => void;
}

/** GRE for a router whose kernel has none: fixed tunnels, in the namespace where this runs. */
export async function runStaticTund({ syscalls, exec, tunnels, signal, up }: StaticTund): Promise<void> {
  const carrier = new Carrier(syscalls);
  try {
    for (const tunnel of tunnels) carrier.open(tunnel.name, tunnel.name, tunnel);
    await bringUp(exec, tunnels);
    for (const { name, local, remote } of tunnels) up(`${name} up: ${local} to ${remote}`);
    await aborted(signal);
  } finally {
    carrier.closeAll();
  }
}

/** Resolves when `signal` aborts, or at once when it has. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
