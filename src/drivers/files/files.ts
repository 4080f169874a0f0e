/** Files through Node's own calls. */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Files } from '../../ports/files.js';

export function createFiles(): Files {
  return { read, write, makeFolder, list, remove, kindOf };
}

/** ESRCH: a process that ended while its file in /proc was read. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ESRCH']);

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

async function unlessAbsent<T, U>(reading: Promise<T>, absent: U): Promise<T | U> {
  try {
    return await reading;
  } catch (error) {
    if (ABSENT.has(codeOf(error) ?? '')) return absent;
    throw error;
  }
}

const read = (path: string): Promise<string | undefined> => unlessAbsent(readFile(path, 'utf8'), undefined);

async function write(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.new`;
  // On the disk before its name is: after a power failure there is the old text or the new one, not an empty file.
  await writeFile(draft, text, { flush: true });
  await rename(draft, path);
}

async function makeFolder(path: string): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true });
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

const list = async (path: string): Promise<readonly string[]> => (await unlessAbsent(readdir(path), [])).sort();

const remove = (path: string): Promise<void> => rm(path, { recursive: true, force: true });

async function kindOf(path: string): Promise<'file' | 'folder' | 'other' | 'missing'> {
  const found = await unlessAbsent(stat(path), undefined);
  if (!found) return 'missing';
  return found.isDirectory() ? 'folder' : found.isFile() ? 'file' : 'other';
}
