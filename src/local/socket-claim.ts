/** Makes sure that one process alone serves a socket path. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { lstat, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { LocalError } from '../ports/guard.js';
import { localClient } from './client.js';
import { IDENTIFY, type Identity } from './protocol.js';

const IDENTIFY_MS = 1_000;

type Identification = { readonly [IDENTIFY]: { readonly params: object; readonly result: Identity } };

/** Who answers on a socket; `undefined` when nobody does. Rejects when somebody takes the connection but says nothing. */
async function whoServes(path: string): Promise<Identity | undefined> {
  const client = localClient<Identification>(path, 'process');
  try {
    return await client.call(IDENTIFY, {}, IDENTIFY_MS);
  } catch (error) {
    if (error instanceof LocalError && error.reason === 'unreachable') return undefined;
    throw error;
  } finally {
    client.close();
  }
}

/**
 * A name in the abstract namespace (unix(7)) serves as the lock: binding it is
 * atomic, and it vanishes with its process, however that ended. A file could
 * not be both. The path is hashed because such a name has 107 bytes. Resolves to what gives the claim up.
 */
async function lock(path: string): Promise<(() => Promise<void>) | undefined> {
  const holder = createServer((socket) => socket.destroy());
  try {
    holder.listen(`\0culvert:${createHash('sha256').update(resolve(path)).digest('hex')}`);
    await once(holder, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
  return () => new Promise((done) => holder.close(() => done()));
}

/**
 * Claims `path` and removes the socket that a dead process left there. Rejects
 * with LocalError `in-use` while another process has it; then nothing has been
 * touched.
 */
export async function claim(path: string, role: string): Promise<() => Promise<void>> {
  const release = await lock(path);
  const taken = await whoServes(path).catch(() => 'silent' as const);
  if (release && taken === undefined) {
    if (await removeStale(path)) return release;
    await release();
    throw new LocalError('refused', `${path} is there and is no socket; move it away`);
  }
  await release?.();
  const who = typeof taken === 'object' ? `, pid ${taken.pid}` : '';
  throw new LocalError('in-use', `another ${role} is running at ${path}${who}; stop it first`);
}

/** False, and nothing removed, when the path is something else than a socket. */
async function removeStale(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  if (found && !found.isSocket()) return false;
  await rm(path, { force: true });
  return true;
}
