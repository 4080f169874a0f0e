import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(resolve(ROOT, path), 'utf8');

interface Entry {
  readonly version?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

describe('package-lock.json', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as { readonly packages: Readonly<Record<string, Entry>> };

  // `npm ci` refuses a lock file that leaves one out, and `npm install` leaves out what it could not fetch.
  test('names every optional package, of this platform or not', () => {
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
      ),
    );
    expect(missing).toEqual([]);
  });

  test('names no registry', () => {
    expect(read('package-lock.json')).not.toMatch(/"resolved": "http/);
  });
});

describe('lab/packages.txt', () => {
  const rows = read('lab/packages.txt')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => /^(\S+) +(\S+) +(\S+) +(\S.*)$/.exec(line)?.slice(1));

  test('gives each package its program, its use and a reason', () => {
    for (const row of rows)
      expect(row).toEqual([
        expect.anything(),
        expect.anything(),
        expect.stringMatching(/^(lab|vm)$/),
        expect.anything(),
      ]);
    expect(new Set(rows.map((row) => row?.[0])).size).toBe(rows.length);
  });
});
