/**
 * Runs the simulation outside Jest: this folder and all that it imports,
 * stripped of types, in plain Node.
 *
 *   node test/sim/launch.js [--seeds N] [--from N] [--minutes N] [--seed N --trace]
 *   node test/sim/launch.js mutants [--seeds N] [NAME…]
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { transform } from '@swc/core';

const ROOT = resolve(import.meta.dirname ?? '.', '../..');
const ENTRY = join(ROOT, 'test/sim/main.ts');

const OPTIONS = {
  swcrc: false,
  jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
  module: { type: 'es6' },
};

/** A world is over before its code has become hot, and both cores are busy with worlds: no interpreter, no collector's threads beside them. */
const ENGINE = ['--always-sparkplug', '--single-threaded-gc'];

/** The program in a folder of its own; `mutant` changes one text in one file of it. */
async function build(mutant) {
  const folder = await mkdtemp(join(tmpdir(), 'culvert-sim-'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  const todo = [ENTRY];
  const done = new Set();
  let changed = mutant === undefined;
  for (let source = todo.pop(); source !== undefined; source = todo.pop()) {
    if (done.has(source)) continue;
    done.add(source);
    let text = await readFile(source, 'utf8');
    if (mutant && relative(ROOT, source) === mutant.file) {
      if (text.split(mutant.from).length !== 2) throw new Error(`${mutant.name}: "${mutant.from}" must be there once`);
      text = text.replace(mutant.from, () => mutant.to);
      changed = true;
    }
    const { code } = await transform(text, { ...OPTIONS, filename: source });
    const target = join(folder, relative(ROOT, source)).replace(/\.ts$/, '.js');
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, code);
    for (const [, path] of code.matchAll(/from ['"](\.{1,2}\/[^'"]+)\.js['"]/g))
      todo.push(`${resolve(dirname(source), path)}.ts`);
  }
  if (!changed) throw new Error(`${mutant.name}: the simulation does not use ${mutant.file}`);
  return { main: join(folder, 'test/sim/main.js'), remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Resolves to the exit code, and to what was printed when it is not shown. */
function run(main, args, shown) {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [...ENGINE, main, ...args], {
      stdio: ['ignore', shown ? 'inherit' : 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout?.on('data', (chunk) => (text += chunk));
    const end = (signal) => child.kill(signal);
    process.once('SIGINT', end).once('SIGTERM', end);
    child.once('error', failed);
    child.once('close', (code) => {
      process.off('SIGINT', end).off('SIGTERM', end);
      done({ code: code ?? 1, text });
    });
  });
}

async function simulate(args) {
  const program = await build();
  try {
    return (await run(program.main, args, true)).code;
  } finally {
    await program.remove();
  }
}

/** Every planted mistake has to be found. */
async function mutants(args) {
  const all = JSON.parse(await readFile(join(ROOT, 'test/sim/mutants.json'), 'utf8'));
  const names = args.filter((arg) => all.some(({ name }) => name === arg));
  const rest = args.filter((arg) => !names.includes(arg));
  let missed = 0;
  for (const mutant of names.length > 0 ? all.filter(({ name }) => names.includes(name)) : all) {
    const program = await build(mutant);
    try {
      const { code, text } = await run(program.main, ['--seeds', '1000', ...rest, '--first'], false);
      const found = code === 1 && /^seed \d+ fails/m.exec(text);
      if (!found) missed++;
      const said = found
        ? text
            .split('\n')
            .filter((line) => /^(seed|  invariant|  at)/.test(line))
            .join(' ')
        : text;
      process.stdout.write(`${found ? 'caught' : 'MISSED'}  ${mutant.name}: ${said.replace(/\s+/g, ' ')}\n`);
    } finally {
      await program.remove();
    }
  }
  process.stdout.write(missed === 0 ? 'all mutants caught\n' : `${missed} mutants missed\n`);
  return missed === 0 ? 0 : 1;
}

const [first, ...others] = process.argv.slice(2);
process.exitCode = first === 'mutants' ? await mutants(others) : await simulate(process.argv.slice(2));
