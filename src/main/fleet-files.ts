/** Reads a fleet from disk: one file, or every .yaml file of a folder. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { formatIssue } from '../config/issue.js';
import { parseFleet } from '../config/parse.js';
import { viewOf, type Fleet, type ServerView } from '../model/fleet.js';

/** Every problem of a fleet, one line each. */
export class FleetError extends Error {
  override readonly name = 'FleetError';
}

async function paths(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch((error: unknown) => {
    const cause = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new FleetError(`cannot read the fleet at ${path} (${cause}); name an existing file or folder with --fleet`);
  });
  if (!found.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => /\.ya?ml$/.test(name)).sort();
  if (names.length === 0) throw new FleetError(`no .yaml file in ${path}; put the fleet there`);
  return names.map((name) => join(path, name));
}

/** Takes what is permitted and yet unwise, one line each. */
export type Warn = (line: string) => void;

/** A fleet that is read again and again is warned about once. */
export function onlyOnce(warn: Warn): Warn {
  const told = new Set<string>();
  return (line) => {
    if (!told.has(line)) warn(line);
    told.add(line);
  };
}

/** Rejects with `FleetError` that lists every problem; nothing is half-loaded. */
export async function loadFleet(path: string, warn: Warn): Promise<Fleet> {
  const files = await Promise.all(
    (await paths(path)).map(async (file) => ({ path: file, text: await readFile(file, 'utf8') })),
  );
  const hash = createHash('sha256');
  for (const { text } of files) hash.update(text).update('\0');
  const parsed = parseFleet(files, hash.digest('hex').slice(0, 12));
  if (parsed.ok) {
    for (const warning of parsed.warnings) warn(formatIssue(warning));
    return parsed.fleet;
  }
  throw new FleetError(`the fleet is refused:\n${parsed.issues.map(formatIssue).join('\n')}`);
}

/** The fleet as one server sees it. */
export async function loadView(path: string, server: string, warn: Warn): Promise<ServerView> {
  const fleet = await loadFleet(path, warn);
  const view = viewOf(fleet, server);
  if (view) return view;
  const names = fleet.sites.flatMap((site) => site.servers.map(({ name }) => name));
  throw new FleetError(`no server ${server} in ${path}; it names ${names.join(', ')}`);
}
