/**
 * The simulation itself, and a handful of its seeds. All of them:
 * `npm run sim -- --seeds 10000`; planted mistakes: `npm run sim:mutants`.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { runSeed } from './seed.js';
import { Scene } from './scenarios/scene.js';

const SEEDS = 12;

test('some seeds hold, outside Jest as in CI', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['test/sim/launch.js', '--seeds', String(SEEDS)], {
    timeout: 100_000,
  });
  expect(stdout).toContain(`${SEEDS} seeds, 0 failures`);
}, 120_000);

test('the same seed is the same world, to the last line of its trace', async () => {
  const [one, again, other] = [await runSeed(7), await runSeed(7), await runSeed(8)];
  expect(again).toEqual(one);
  expect(other.hash).not.toBe(one.hash);
}, 60_000);

test('without a fault everything converges, and not one UPDATE follows', async () => {
  const scene = await Scene.converged();
  expect(scene.standing).toEqual({ full: 16 });
  await scene.passes(120_000);
  expect(scene.entries).toEqual([]);
}, 60_000);
