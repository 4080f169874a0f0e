/** The releases of gobgpd that can be run on this machine: the installed one, and those that test/conformance/fetch.sh has unpacked. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Release {
  /** As its program tells it: `3.10.0`. */
  readonly version: string;
  readonly gobgpd: string;
  readonly gobgp: string;
}

const HERE = fileURLToPath(new URL('.', import.meta.url));
const CACHE = join(HERE, '../../../.cache/gobgpd');
const LIST = join(HERE, '../../conformance/daemons.txt');

function versionOf(gobgpd: string): string {
  const printed = execFileSync(gobgpd, ['--version'], { encoding: 'utf8', timeout: 5_000 });
  return /\d+\.\d+\.\d+/.exec(printed)?.[0] ?? printed.trim();
}

/** The one that runs beside a server of the lab. */
export const installed = (): Release => ({ version: versionOf('gobgpd'), gobgpd: 'gobgpd', gobgp: 'gobgp' });

/** `undefined`, and one line that says so, when it has not been fetched. Throws for a release that the list does not name. */
export function fetched(version: string): Release | undefined {
  const pinned = readFileSync(LIST, 'utf8')
    .split('\n')
    .some((line) => line.startsWith(`${version} `));
  if (!pinned) throw new Error(`gobgpd ${version} is not in ${LIST}`);
  const folder = join(CACHE, version, 'usr/bin');
  if (existsSync(join(folder, 'gobgpd'))) {
    return { version, gobgpd: join(folder, 'gobgpd'), gobgp: join(folder, 'gobgp') };
  }
  process.stderr.write(
    `gobgpd ${version} is not here: its tests are skipped; to fetch it: sh test/conformance/fetch.sh\n`,
  );
  return undefined;
}
