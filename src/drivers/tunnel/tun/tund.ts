import { randomUUID } from 'node:crypto';
import type { Exec } from '../../../ports/exec.js';
import type { Syscalls } from '../../../ports/syscall.js';
import { Carrier } from './carrier.js';
import { listenAt } from './control-socket.js';
import { bringUp, type StaticTunnel } from './static-tunnel.js';
import { Switchboard } from './switchboard.js';

/** Runs until `signal` aborts; every device it holds ends with it. */
export interface Tund {
  readonly syscalls: Syscalls;
  /** Unix socket to serve at. */
  readonly socket: string;
  readonly signal: AbortSignal;
  /** Called once it listens. */
  readonly up: (text: string) => void;
}

/**
 * GRE for a server whose kernel has none. Holds the devices while agents come
 * and go: a restart of an agent moves no packet.
 */
export async function runTund({ syscalls, socket, signal, up }: Tund): Promise<void> {
  const carrier = new Carrier(syscalls);
  const switchboard = new Switchboard(carrier, randomUUID().slice(0, 8));
  const control = await listenAt(socket, (request) => switchboard.answer(request));
  try {
    up(`tund listens at ${socket}`);
    await aborted(signal);
  } finally {
    await control.close();
    carrier.closeAll();
  }
}

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
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
