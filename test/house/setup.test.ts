import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const NOBODY = 65534;

/** lab/setup.sh in a folder of its own, with another list of packages. */
class Clone {
  readonly root = mkdtempSync(join(tmpdir(), 'culvert-setup-'));

  constructor(packages: string) {
    mkdirSync(join(this.root, 'lab'));
    cpSync(join(ROOT, 'lab/setup.sh'), join(this.root, 'lab/setup.sh'));
    writeFileSync(join(this.root, 'lab/packages.txt'), packages);
    chmodSync(this.root, 0o755);
  }

  run(args: readonly string[], uid: number): SpawnSyncReturns<string> {
    return spawnSync('sh', [join(this.root, 'lab/setup.sh'), ...args], { encoding: 'utf8', timeout: 20_000, uid });
  }

  files(): readonly string[] {
    return readdirSync(this.root);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

const uid = process.getuid?.() ?? NOBODY;
const other = uid === 0 ? NOBODY : uid;

const clones: Clone[] = [];
const clone = (packages: string): Clone => {
  const made = new Clone(packages);
  clones.push(made);
  return made;
};
afterAll(() => clones.forEach((each) => each.remove()));

test('without root: the list, each with its reason, two ways to get them, exit 1, nothing changed', () => {
  const fresh = clone(
    '# package program for reason\nsh-tools sh lab there already\nno-such no-such-program lab speaks BGP\nonly-vm no-such-vm vm boots\n',
  );
  const { status, stdout, stderr } = fresh.run(['--packages-only'], other);
  expect(status).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(
    /^setup: these Debian packages are missing, and only root can install them:\n {2}no-such +speaks BGP\n/,
  );
  expect(stderr).toContain('sudo sh lab/setup.sh --packages-only\n');
  expect(stderr).toContain('apt-get install --no-install-recommends no-such\n');
  expect(fresh.files()).toEqual(['lab']);
});

test('the virtual machine needs more', () => {
  const fresh = clone('only-vm no-such-vm vm boots a kernel\n');
  expect(fresh.run(['--packages-only'], other).status).toBe(0);
  const { status, stderr } = fresh.run(['--packages-only', '--vm'], other);
  expect(status).toBe(1);
  expect(stderr).toContain('--packages-only --vm\n');
});

test('nothing missing: says nothing, changes nothing, takes no time', () => {
  const fresh = clone('coreutils ls lab lists\n');
  const began = performance.now();
  const { status, stdout, stderr } = fresh.run(['--packages-only'], uid);
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(fresh.files()).toEqual(['lab']);
});

test('an unknown argument is refused with the usage', () => {
  const { status, stderr } = clone('').run(['--all'], other);
  expect(status).toBe(1);
  expect(stderr).toBe('setup: unknown argument --all; usage: lab/setup.sh [--vm] [--tests] [--packages-only]\n');
});
