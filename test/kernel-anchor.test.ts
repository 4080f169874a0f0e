import { createExec } from '../src/drivers/exec/exec.js';
import { openAnchor, whyNoAnchor } from './kernel-anchor.js';

const obstacle = await whyNoAnchor();
if (obstacle !== undefined) console.warn(`skipped: ${obstacle}`);
const onKernel = obstacle === undefined ? test : test.skip;

onKernel('an anchor has an empty network of its own, and takes everything with it', async () => {
  const anchor = await openAnchor();
  const { exec } = anchor;
  expect((await exec.run(['ip', '-o', 'link'])).stdout.split('\n').filter(Boolean)).toHaveLength(1);
  expect((await exec.run(['ip', 'netns', 'add', 'cv-a'])).code).toBe(0);
  expect((await exec.run(['ip', '-n', 'cv-a', '-o', 'link'])).stdout).toContain('lo:');
  const ended: string[] = [];
  const child = exec.stream(['cat'], { line: () => undefined, ended: (reason) => ended.push(reason) });
  await anchor.close();
  await child.stop();
  expect(ended).toHaveLength(1);
  expect((await createExec().run(['ls', `/proc/${anchor.pid}`])).code).not.toBe(0);
  expect((await createExec().run(['ip', 'netns', 'list'])).stdout).not.toContain('cv-a');
});
