import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tree } from './tree.js';

interface Finding {
  readonly filePath: string;
  readonly messages: readonly { readonly ruleId: string | null; readonly message: string }[];
}

/** What breaks the rule: where it would stand, and the text. */
const BROKEN: readonly (readonly [rule: string, file: string, text: string])[] = [
  ['culvert/named-subject', 'src/engine/utils.ts', `export const one = 1;\n`],
  ['culvert/named-subject', 'src/cli/string-helpers.ts', `export const two = 2;\n`],
  ['culvert/named-subject', 'src/local/common/frame.ts', `export const three = 3;\n`],
  ['culvert/named-subject', 'test/misc.ts', `export const four = 4;\n`],
  ['culvert/no-barrel', 'src/model/index.ts', `export const five = 5;\n`],
  ['culvert/no-barrel', 'src/local/all.ts', `export * from './frame.js';\n`],
  ['culvert/no-barrel', 'src/local/some.ts', `export { frame } from './frame.js';\n`],
  ['no-restricted-exports', 'src/local/standard.ts', `export default function frame(): number {\n  return 1;\n}\n`],
  ['no-restricted-exports', 'src/local/named.ts', `const frame = 1;\nexport { frame as default };\n`],
  [
    '@typescript-eslint/no-explicit-any',
    'src/engine/loose.ts',
    `export const loose = (x: any): string => String(x);\n`,
  ],
  [
    '@typescript-eslint/no-unsafe-member-access',
    'src/engine/json.ts',
    `export const n = (JSON.parse('{}') as never as ReturnType<typeof JSON.parse>).n as number;\n`,
  ],
  [
    '@typescript-eslint/no-floating-promises',
    'src/engine/float.ts',
    `export const go = (work: () => Promise<void>): void => {\n  work();\n};\n`,
  ],
  [
    '@typescript-eslint/no-misused-promises',
    'src/engine/misuse.ts',
    `export const go = (work: () => Promise<void>): void => {\n  [1].forEach(work);\n};\n`,
  ],
  [
    '@typescript-eslint/switch-exhaustiveness-check',
    'src/engine/switch.ts',
    `export function f(x: 'a' | 'b'): number {\n  switch (x) {\n    case 'a':\n      return 1;\n  }\n  return 2;\n}\n`,
  ],
  [
    '@typescript-eslint/consistent-type-imports',
    'src/engine/types.ts',
    `import { Frame } from '../local/frame.js';\nexport type Seen = Frame;\n`,
  ],
  [
    '@typescript-eslint/no-non-null-assertion',
    'src/engine/bang.ts',
    `export const first = (xs: string[]): string => xs[0]!;\n`,
  ],
  ['@typescript-eslint/no-unused-vars', 'src/engine/unused.ts', `const idle = 1;\nexport const busy = 2;\n`],
  [
    '@typescript-eslint/return-await',
    'src/engine/lost.ts',
    `export async function f(g: () => Promise<void>): Promise<void> {\n  try {\n    return g();\n  } catch {\n    return;\n  }\n}\n`,
  ],
  ['eqeqeq', 'src/engine/equal.ts', `export const same = (a: string, b: string): boolean => a == b;\n`],
];

/** Effects that no pure room may have: each is tried in the model, all together in each of the others. */
const EFFECTS: Readonly<Record<string, readonly [rule: string, text: string]>> = {
  'Date.now()': ['no-restricted-properties', 'export const f = (): number => Date.now();'],
  'Date.now taken apart': ['no-restricted-properties', 'const { now } = Date;\nexport const f = (): number => now();'],
  'Math.random()': ['no-restricted-properties', 'export const f = (): number => Math.random();'],
  'new Date()': ['culvert/pure-room', 'export const f = (): string => new Date().toISOString();'],
  'Date()': ['culvert/pure-room', 'export const f = (): string => Date();'],
  'an async function': ['culvert/pure-room', 'export const f = async (): Promise<number> => 1;'],
  'an async method': ['culvert/pure-room', 'export class F {\n  async f(): Promise<void> {}\n}'],
  await: ['culvert/pure-room', 'export const f = async (x: Promise<number>): Promise<number> => (await x) + 1;'],
  'for await': [
    'culvert/pure-room',
    'export async function f(xs: AsyncIterable<number>): Promise<void> {\n  for await (const x of xs) if (x) return;\n}',
  ],
  'a dynamic import': ['culvert/pure-room', "export const f = (): unknown => import('../model/plain.js');"],
  'new Promise': ['no-restricted-globals', 'export const f = (): unknown => new Promise((done) => done(1));'],
  'Promise.all': ['no-restricted-globals', 'export const f = (xs: unknown[]): unknown => Promise.all(xs);'],
  performance: ['no-restricted-globals', 'export const f = (): number => performance.now();'],
  process: ['no-restricted-globals', 'export const f = (): string | undefined => process.env.HOME;'],
  setTimeout: ['no-restricted-globals', 'export const f = (g: () => void): unknown => setTimeout(g, 1);'],
  setInterval: ['no-restricted-globals', 'export const f = (g: () => void): unknown => setInterval(g, 1);'],
  setImmediate: ['no-restricted-globals', 'export const f = (g: () => void): unknown => setImmediate(g);'],
  queueMicrotask: ['no-restricted-globals', 'export const f = (g: () => void): void => queueMicrotask(g);'],
  console: ['no-restricted-globals', "export const f = (): void => console.log('');"],
  crypto: ['no-restricted-globals', 'export const f = (): string => crypto.randomUUID();'],
  fetch: ['no-restricted-globals', "export const f = (): unknown => fetch('');"],
  globalThis: ['no-restricted-globals', 'export const f = (): unknown => globalThis.setTimeout;'],
};
const OTHER_PURE = ['config', 'decide', 'plan', 'render', 'status'];

const SOUND: Readonly<Record<string, string>> = {
  'src/local/frame.ts': `export const frame = 1;\nexport type Frame = typeof frame;\n`,
  'src/model/plain.ts': `export const at = (iso: string): number => new Date(iso).getTime();\n`,
  'src/engine/loop.ts': `export const f = async (): Promise<number> => Date.now() + Math.random();\n`,
  'src/cli/commonplace.ts': `export const process = 1;\n`,
};

const slug = (text: string): string => text.toLowerCase().replace(/[^a-z]+/g, '-');
const effectFile = (effect: string): string => `src/model/effect-${slug(effect)}.ts`;
const EVERY_EFFECT = Object.values(EFFECTS)
  .map(([, text], index) => `export function effect${index}(): void {\n${text.replaceAll('export ', '')}\n}`)
  .join('\n');

function files(): Record<string, string> {
  const all: Record<string, string> = { ...SOUND };
  for (const [, file, text] of BROKEN) all[file] = text;
  for (const [effect, [, text]] of Object.entries(EFFECTS)) all[effectFile(effect)] = `${text}\n`;
  for (const room of OTHER_PURE) all[`src/${room}/effects.ts`] = `${EVERY_EFFECT}\n`;
  return all;
}

describe('rules of the house', () => {
  const tree = new Tree(files());
  const found = new Map<string, readonly string[]>();
  beforeAll(async () => {
    const text = await tree.run('eslint', ['.', '--format', 'json']);
    for (const { filePath, messages } of JSON.parse(text) as readonly Finding[]) {
      found.set(
        filePath.slice(tree.root.length + 1),
        messages.map(({ ruleId, message }) => ruleId ?? message),
      );
    }
  }, 120_000);
  afterAll(() => tree.remove());

  test.each(BROKEN)('%s fires on %s', (rule, file) => {
    expect(found.get(file)).toContain(rule);
  });

  test.each(Object.entries(EFFECTS))('a pure room has no %s', (effect, [rule]) => {
    expect(found.get(effectFile(effect))).toContain(rule);
  });

  test.each(OTHER_PURE)('src/%s is as pure as the model', (room) => {
    const rules = found.get(`src/${room}/effects.ts`) ?? [];
    for (const [rule] of Object.values(EFFECTS)) expect(rules).toContain(rule);
    const effects = rules.filter((rule) => /^(culvert\/pure-room|no-restricted-(globals|properties))$/.test(rule));
    expect(effects.length).toBeGreaterThanOrEqual(Object.keys(EFFECTS).length);
  });

  test.each(Object.keys(SOUND))('%s is left alone', (file) => {
    expect(found.get(file)).toEqual([]);
  });
});

describe('the other three of `npm run check`', () => {
  const tree = new Tree({
    'src/main/cli.ts': `import { used } from '../model/kept.js';\nused();\n`,
    'src/model/kept.ts': `export const used = (): number => 1;\nexport const idle = 2;\n`,
    'src/model/orphan.ts': `export const nobody = 1;\n`,
    'src/model/mistyped.ts': `export const text: string = 1;\n`,
    'src/model/untidy.ts': `export const untidy = "double quotes"\n`,
  });
  const { scripts } = JSON.parse(readFileSync(join(tree.root, 'package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const words = (script: string): [string, string[]] => {
    const [tool = '', ...args] = (scripts[script] ?? '').replaceAll("'", '').split(' ');
    return [tool, args];
  };
  afterAll(() => tree.remove());

  test('types', async () => {
    expect(await tree.run(...words('check:types'))).toContain('src/model/mistyped.ts(1,14): error TS2322');
  }, 60_000);

  test('unused code', async () => {
    const report = await tree.run(...words('check:unused'));
    expect(report).toMatch(/Unused files[^]*src\/model\/orphan\.ts/);
    expect(report).toMatch(/Unused exports[^]*idle[^]*src\/model\/kept\.ts/);
  }, 60_000);

  test('format', async () => {
    expect(await tree.run(...words('check:format'))).toContain('src/model/untidy.ts');
  }, 60_000);

  test('check runs all five', () => {
    for (const part of ['types', 'lint', 'boundaries', 'unused', 'format']) {
      expect(scripts.check).toContain(`check:${part}`);
    }
  });
});
