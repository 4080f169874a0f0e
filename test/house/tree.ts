import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const RULEBOOKS = [
  '.dependency-cruiser.cjs',
  '.prettierrc',
  'eslint.config.js',
  'package.json',
  'test/tsconfig.json',
  'tsconfig.json',
];

/** A small project under the real rule books: what would be said of files that must not exist here. */
export class Tree {
  readonly root = mkdtempSync(join(tmpdir(), 'culvert-house-'));

  constructor(files: Readonly<Record<string, string>>) {
    for (const path of RULEBOOKS) cpSync(join(ROOT, path), join(this.root, path));
    symlinkSync(join(ROOT, 'node_modules'), join(this.root, 'node_modules'));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.root, path)), { recursive: true });
      writeFileSync(join(this.root, path), text);
    }
  }

  /** Everything a tool prints, whatever its exit status; warnings of Node's own excepted. */
  async run(tool: string, args: readonly string[]): Promise<string> {
    return new Promise((done) => {
      execFile(
        join(ROOT, 'node_modules/.bin', tool),
        args,
        {
          cwd: this.root,
          timeout: 120_000,
          maxBuffer: 64 * 1024 * 1024,
          env: { ...process.env, NODE_OPTIONS: '--no-warnings' },
        },
        (_error, stdout, stderr) => done(stdout + stderr),
      );
    });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
