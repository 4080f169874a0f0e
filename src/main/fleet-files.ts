/** Reads a fleet from disk: one file, or every .yaml file of a folder. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { compact } from '../config/compact.js';
import { formatIssue } from '../config/issue.js';
import type { FleetParsed } from '../config/parse.js';
import { viewOf, type Fleet, type ServerView } from '../model/fleet.js';
import { remembered } from './fleet-memo.js';
import type { ParseOrder } from './fleet-parser.js';
import { entry } from './paths.js';

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

/** Bytes. A longer fleet would hold up everything else in this process for seconds: leases, probes, answers. */
const LONG = 500_000;
/** MiB of heap; a million characters take about 60. */
const MOST_MEMORY = 8_192;

/** In a thread of its own. */
function parseBeside(order: ParseOrder): Promise<FleetParsed> {
  const [, parser = ''] = entry('fleet-parser');
  return new Promise((resolve, reject) => {
    const worker = new Worker(parser, {
      workerData: order,
      resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY },
    });
    worker.once('message', resolve);
    worker.once('error', (error) => reject(new FleetError(`the fleet cannot be read: ${error.message}`)));
    worker.once('exit', () => reject(new FleetError('the fleet cannot be read: its reader ended')));
  });
}

/** Loads the reader first: a process that has the memo of a long fleet starts without it. */
async function parseHere({ files, generation }: ParseOrder): Promise<FleetParsed> {
  const { parseFleet } = await import('../config/parse.js');
  return parseFleet(files, generation);
}

/**
 * Rejects with `FleetError` that lists every problem; nothing is half-loaded.
 * What a long fleet was read as is kept at `memo`, for the next time.
 */
export async function loadFleet(path: string, warn: Warn, memo?: string): Promise<Fleet> {
  const names = await paths(path);
  const contents = await Promise.all(names.map((name) => readFile(name)));
  const hash = createHash('sha256');
  for (const content of contents) hash.update(content).update('\0');
  const digest = hash.digest('hex');
  // A long fleet becomes text only when it has to be read again.
  const order = (): ParseOrder => ({
    files: names.map((name, place) => ({ path: name, text: contents[place]?.toString() ?? '' })),
    generation: digest.slice(0, 12),
  });
  const beside = (): Promise<FleetParsed> => parseBeside(order());
  const isLong = contents.reduce((sum, { length }) => sum + length, 0) > LONG;
  const parsed = !isLong
    ? await parseHere(order())
    : await (memo === undefined ? beside() : remembered(memo, { paths: names, digest }, beside));
  if (parsed.ok) {
    for (const warning of parsed.warnings) warn(formatIssue(warning));
    return compact(parsed.fleet);
  }
  throw new FleetError(`the fleet is refused:\n${parsed.issues.map(formatIssue).join('\n')}`);
}

/** The fleet as one server sees it. */
export async function loadView(path: string, server: string, warn: Warn, memo?: string): Promise<ServerView> {
  const fleet = await loadFleet(path, warn, memo);
  const view = viewOf(fleet, server);
  if (view) return view;
  const names = fleet.sites.flatMap((site) => site.servers.map(({ name }) => name));
  throw new FleetError(`no server ${server} in ${path}; it names ${names.join(', ')}`);
}
