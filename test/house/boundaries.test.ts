import { createRequire } from 'node:module';
import { Tree } from './tree.js';

const { forbidden } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
  readonly forbidden: readonly { readonly name: string }[];
};

/** design: who may import whom, besides itself. Written down a second time, on purpose. */
const TABLE: Readonly<Record<string, string>> = {
  model: '',
  gen: '',
  config: 'model',
  decide: 'model',
  plan: 'model',
  render: 'model',
  status: 'model',
  ports: 'model',
  'drivers/link': 'model ports gen render',
  'drivers/speaker': 'model ports gen render',
  engine: 'model ports decide plan status',
  local: 'model ports status',
  rpc: 'model ports gen',
  api: 'model ports status config',
  web: 'model ports status config',
  cli: 'model ports status local',
  lab: 'model ports config render local status',
  main: 'model gen config decide plan render status ports drivers/link drivers/speaker engine local rpc api web cli lab',
};
const SIMULATION = 'model ports decide plan engine';
const ROOMS = Object.keys(TABLE);

const nameOf = (room: string): string => room.replace('/', '-');
const edgeFile = (from: string, to: string): string => `src/${from}/to-${nameOf(to)}.ts`;

interface Report {
  readonly summary: {
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[];
  };
}

/** Files that break one rule each; the key's file is where it is reported. */
const BROKEN: Readonly<Record<string, readonly [file: string, text: string]>> = {
  'known-room': ['src/attic/box.ts', `import type { Thing } from '../model/thing.js';\nexport type Box = Thing;\n`],
  'main-is-last': ['test/model/wiring.test.ts', `import '../../src/main/thing.js';\n`],
  simulation: ['test/sim/world.ts', `import '../../src/drivers/link/thing.js';\n`],
  'src-without-tests': ['src/engine/tested.ts', `import '../../test/sim/plain.js';\n`],
  'no-cycles': ['src/plan/first.ts', `import './second.js';\nexport const first = 1;\n`],
  'pure-without-core': [
    'src/status/disk.ts',
    `import { readFileSync } from 'node:fs';\nexport const read = readFileSync;\n`,
  ],
  'child-process-in-exec': [
    'src/lab/shell.ts',
    `import { spawn } from 'node:child_process';\nexport const start = spawn;\n`,
  ],
  'grpc-in-speaker-and-rpc': [
    'src/engine/grpc.ts',
    `import type { Client } from '@grpc/grpc-js';\nexport type C = Client;\n`,
  ],
  'koffi-in-syscall': ['src/drivers/link/native.ts', `import koffi from 'koffi';\nexport const native = koffi;\n`],
  'packages-of-model': ['src/model/shape.ts', `import { z } from 'zod';\nexport const shape = z.string();\n`],
  'packages-of-config': ['src/config/paint.ts', `import pc from 'picocolors';\nexport const red = pc.red;\n`],
  'packages-of-decide': ['src/decide/log.ts', `import { pino } from 'pino';\nexport const log = pino;\n`],
  'packages-of-plan': ['src/plan/log.ts', `import { pino } from 'pino';\nexport const log = pino;\n`],
  'packages-of-render': ['src/render/read.ts', `import { parse } from 'yaml';\nexport const read = parse;\n`],
  'packages-of-status': ['src/status/paint.ts', `import pc from 'picocolors';\nexport const red = pc.red;\n`],
  'packages-of-ports': ['src/ports/paint.ts', `import pc from 'picocolors';\nexport const red = pc.red;\n`],
  resolvable: ['src/plan/lost.ts', `import './nowhere.js';\n`],
};

/** Files that look like the above and are right. */
const SOUND: Readonly<Record<string, string>> = {
  'src/plan/second.ts': `import './first.js';\nexport const second = 2;\n`,
  'src/drivers/exec/run.ts': `import { spawn } from 'node:child_process';\nimport { execa } from 'execa';\nexport const run = [spawn, execa];\n`,
  'src/drivers/speaker/client.ts': `import { Client } from '@grpc/grpc-js';\nexport const client = Client;\n`,
  'src/rpc/client.ts': `import { Client } from '@grpc/grpc-js';\nexport const client = Client;\n`,
  'src/drivers/syscall/native.ts': `import koffi from 'koffi';\nexport const native = koffi;\n`,
  'src/config/schema.ts': `import { z } from 'zod';\nimport { parse } from 'yaml';\nexport const schema = [z, parse];\n`,
  'src/engine/disk.ts': `import { readFileSync } from 'node:fs';\nexport const read = readFileSync;\n`,
  'test/sim/plain.ts': `import '../../src/engine/thing.js';\nexport const plain = 1;\n`,
  'test/main/cli.test.ts': `import '../../src/main/thing.js';\n`,
};

function files(): Record<string, string> {
  const all: Record<string, string> = { ...SOUND };
  for (const room of ROOMS) all[`src/${room}/thing.ts`] = `export interface Thing { readonly of: '${room}' }\n`;
  for (const from of ROOMS) {
    const up = from.includes('/') ? '../..' : '..';
    for (const to of ROOMS) {
      all[edgeFile(from, to)] = `import type { Thing } from '${up}/${to}/thing.js';\nexport type Seen = Thing;\n`;
    }
  }
  for (const to of ROOMS) all[`test/sim/to-${nameOf(to)}.ts`] = `import '../../src/${to}/thing.js';\n`;
  for (const [file, text] of Object.values(BROKEN)) all[file] = text;
  return all;
}

describe('boundaries between rooms', () => {
  const tree = new Tree(files());
  const broken = new Map<string, Set<string>>();
  beforeAll(async () => {
    const text = await tree.run('depcruise', ['src', 'test', '--config', '--output-type', 'json']);
    for (const { from, rule } of (JSON.parse(text) as Report).summary.violations) {
      broken.set(from, (broken.get(from) ?? new Set()).add(rule.name));
    }
  }, 60_000);
  afterAll(() => tree.remove());

  const ruleOf = (from: string, to: string): string | undefined => {
    if (from === to || TABLE[from]?.split(' ').includes(to)) return undefined;
    if (from.startsWith('drivers/') && to.startsWith('drivers/')) return 'drivers-apart';
    return `room-${from.split('/')[0]}`;
  };

  test.each(ROOMS)('src/%s imports what its row allows, and nothing else', (from) => {
    for (const to of ROOMS) {
      const rules = [...(broken.get(edgeFile(from, to)) ?? [])];
      const rule = ruleOf(from, to);
      expect({ to, forbidden: rules.length > 0 }).toEqual({ to, forbidden: rule !== undefined });
      if (rule !== undefined) expect(rules).toContain(rule);
      if (to === 'main' && from !== 'main') expect(rules).toContain('main-is-last');
    }
  });

  test('test/sim imports the engine and the decisions, and no driver', () => {
    const refused = ROOMS.filter((to) => broken.get(`test/sim/to-${nameOf(to)}.ts`)?.has('simulation'));
    expect(refused).toEqual(ROOMS.filter((to) => !SIMULATION.split(' ').includes(to)));
  });

  test('every rule in the book has fired here', () => {
    const fired = new Set([...broken.values()].flatMap((rules) => [...rules]));
    expect(forbidden.map(({ name }) => name).filter((name) => !fired.has(name))).toEqual([]);
  });

  test.each(Object.entries(BROKEN))('%s fires', (rule, [file]) => {
    expect([...(broken.get(file) ?? [])]).toContain(rule);
  });

  test.each(Object.keys(SOUND))('%s is left alone', (file) => {
    // The second half of a cycle is reported where the cycle was found first.
    expect([...(broken.get(file) ?? [])].filter((rule) => rule !== 'no-cycles')).toEqual([]);
  });
});
