/** What this machine has to offer before a process starts here. Everything rejects with one line: cause and remedy. */
import { constants } from 'node:fs';
import { access, mkdir, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Programs that configure the kernel, and Debian's packages with them. */
const PROGRAMS = { ip: 'iproute2', nft: 'nftables', nsenter: 'util-linux', unshare: 'util-linux', sh: 'dash' } as const;

/** `what` needs root; refuses anybody else. */
export function needRoot(what: string): void {
  if (process.getuid?.() !== 0) throw new Error(`${what} and needs root; start it as root`);
}

export async function needPrograms(): Promise<void> {
  const found = await Promise.all(Object.keys(PROGRAMS).map(isInPath));
  const missing = Object.entries(PROGRAMS).filter((_, index) => !found[index]);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(([, name]) => name))];
  throw new Error(
    `not in PATH: ${missing.map(([program]) => program).join(', ')}; correct PATH, or install ${packages.join(' and ')}`,
  );
}

async function isInPath(program: string): Promise<boolean> {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const tries = folders.map((folder) =>
    access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    ),
  );
  return (await Promise.all(tries)).includes(true);
}

/** Makes a folder that a process lives in. `option` names it on the command line. */
export async function needFolder(path: string, mode: number, option: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode });
    await access(path, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      `cannot write to ${path} (${code ?? 'unknown'}); start as the user who may, or name another folder with ${option}`,
    );
  }
}

/** Tells one boot of this machine from another: the first part of the kernel's own identifier. */
export async function bootOf(): Promise<string> {
  const text = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => 'unknown');
  return text.split('-')[0]?.trim() ?? 'unknown';
}
