/** Entry points as programs: the file and all it imports, stripped of types, in a folder that finds node_modules. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { transform } from '@swc/core';

const ROOT = resolve('.');
const CACHE = join(ROOT, 'node_modules/.cache/culvert-test');

export interface Program {
  readonly path: string;
  remove(): Promise<void>;
}

/** `entry` is relative to the repository: `src/main/tund.ts`. */
export async function transpiled(entry: string): Promise<Program> {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(`${CACHE}/`);
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  const target = (source: string): string => join(folder, relative(ROOT, source)).replace(/\.ts$/, '.js');
  const todo = [join(ROOT, entry)];
  const done = new Set<string>();
  for (let source = todo.pop(); source !== undefined; source = todo.pop()) {
    if (done.has(source)) continue;
    done.add(source);
    const { code } = await transform(await readFile(source, 'utf8'), {
      swcrc: false,
      filename: source,
      jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
      module: { type: 'es6' },
    });
    await mkdir(dirname(target(source)), { recursive: true });
    await writeFile(target(source), code);
    for (const [, path = ''] of code.matchAll(/from ['"](\.{1,2}\/[^'"]+)\.js['"]/g))
      todo.push(`${resolve(dirname(source), path)}.ts`);
  }
  return { path: target(join(ROOT, entry)), remove: () => rm(folder, { recursive: true, force: true }) };
}
