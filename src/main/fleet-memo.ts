/**
 * What a large fleet was read as, kept beside the state of a process that may
 * restart. Reading 100,000 prefixes takes many seconds, and a guard that comes
 * back has none: the memo is for the same text, read by the same program, and
 * for nothing else. Whatever is wrong with it, the text is read again.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FleetParsed } from '../config/parse.js';
import { HOME } from './paths.js';

type Accepted = Extract<FleetParsed, { readonly ok: true }>;

interface Memo {
  readonly key: string;
  readonly parsed: Accepted;
}

/** What was read, and the SHA-256 of all texts in their order. */
interface Text {
  readonly paths: readonly string[];
  readonly digest: string;
}

/** What makes a model of a text. */
const READERS = ['config', 'model'] as const;

/** Another program may read the same text as something else. Read at once: 70 small files would each wait for a turn behind all else that a starting process reads. */
function programHash(): string {
  const hash = createHash('sha256');
  for (const room of READERS) {
    const folder = join(HOME, 'dist', room);
    const names = (readdirSync(folder, { recursive: true }) as string[]).filter((name) => name.endsWith('.js')).sort();
    for (const name of names) hash.update(`${name}\0`).update(readFileSync(join(folder, name)));
  }
  return hash.digest('hex');
}

function keyOf({ paths, digest }: Text): string {
  const hash = createHash('sha256').update(programHash()).update(digest);
  for (const path of paths) hash.update(`\0${path}`);
  return hash.digest('hex');
}

async function recalled(path: string, key: string): Promise<Accepted | undefined> {
  try {
    const memo = JSON.parse((await readFile(path)).toString()) as Memo;
    return memo.key === key ? memo.parsed : undefined;
  } catch {
    return undefined;
  }
}

async function keep(path: string, memo: Memo): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.new`;
  await writeFile(draft, JSON.stringify(memo), { mode: 0o600 });
  await rename(draft, path);
}

/** `read`, unless the memo at `path` has its result. A fleet that is refused is not kept; a disk that is full loses only time. */
export async function remembered(path: string, text: Text, read: () => Promise<FleetParsed>): Promise<FleetParsed> {
  const key = keyOf(text);
  const known = await recalled(path, key);
  if (known) return known;
  const parsed = await read();
  if (parsed.ok) await keep(path, { key, parsed }).catch(() => undefined);
  return parsed;
}
