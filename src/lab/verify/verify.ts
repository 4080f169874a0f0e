/** Plays the steps in order and ends where it began. */
import { SERVERS } from './acme.js';
import { Unexpected, type Field } from './field.js';
import { acmeAnnounces } from './routing.js';
import { statusOf } from './servers.js';
import type { Step } from './step.js';
import { announced, before, catchment, spreading } from './steps/announcing.js';
import { falseAlarm } from './steps/false-alarm.js';
import { linkLost, recovered, siteCutOff } from './steps/faults.js';
import { ftp, ftp6 } from './steps/files.js';
import { hung } from './steps/hung.js';
import { egress, firewalled, untracked } from './steps/isolation.js';
import { mtu } from './steps/mtu.js';
import { processes } from './steps/processes.js';
import { siteDrained } from './steps/site-drain.js';
import { speakersKilled } from './steps/speakers.js';
import { tunnelsShare } from './steps/shares.js';
import { everyServerTunnels } from './steps/tunnels.js';

const STEPS: readonly Step[] = [
  before,
  announced,
  catchment,
  spreading,
  everyServerTunnels,
  ftp,
  ftp6,
  mtu,
  siteCutOff,
  linkLost,
  recovered,
  processes,
  untracked,
  firewalled,
  egress,
  tunnelsShare,
  hung,
  speakersKilled,
  falseAlarm,
  siteDrained,
];

export interface Verdicts {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
}

/** Plays all steps, or those whose letters are given. A failed step does not stop the others; `field.stopped` does. */
export async function verify(field: Field, letters: readonly string[]): Promise<Verdicts> {
  const unknown = letters.filter((letter) => !STEPS.some((step) => step.letter === letter));
  if (unknown.length > 0) {
    throw new Error(`no step ${unknown.join(', ')}; there are ${STEPS.map(({ letter }) => letter).join(' ')}`);
  }
  const wanted = STEPS.filter((step) => letters.length === 0 || letters.includes(step.letter));
  const passed: string[] = [];
  const failed: string[] = [];
  let story: Step['story'] = 'direct';
  await ready(field);
  try {
    for (const step of wanted) {
      if (field.stopped) break;
      field.say(`\n(${step.letter}) ${step.title}`);
      const began = field.clock.now();
      try {
        if (step.story !== story) {
          await acmeAnnounces(field, step.story === 'direct');
          story = step.story;
        }
        await step.play(field);
        passed.push(step.letter);
        field.say(`(${step.letter}) passed in ${((field.clock.now() - began) / 1000).toFixed(1)} s`);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        if (field.stopped) {
          field.say(`(${step.letter}) given up: ${why}`);
          break;
        }
        failed.push(step.letter);
        field.say(`(${step.letter}) FAILED: ${why}`);
        if (!(error instanceof Unexpected) && error instanceof Error) field.say(error.stack ?? '');
      }
    }
  } finally {
    if (story === 'protected') await acmeAnnounces(field, true);
  }
  return { passed, failed };
}

/** Every server answers, its data plane stands and its tunnels have been judged. */
async function ready(field: Field): Promise<void> {
  for (const server of SERVERS) {
    let saw = '';
    const { tookMs } = await field.until(
      `${server} is ready`,
      30_000,
      async () => {
        const { agent, guard } = await statusOf(field, server).catch((error: unknown) => {
          if (field.stopped) throw error;
          const problem = error instanceof Error ? error.message : String(error);
          return { agent: { problem }, guard: { problem } };
        });
        if (!('pass' in agent)) return void (saw = agent.problem);
        if (!('prefixes' in guard)) return void (saw = guard.problem);
        const held = guard.prefixes.filter(({ held: level }) => level === 'full').length;
        const sessions = guard.peers.filter(({ state }) => state === 'established').length;
        saw = `${held} of ${guard.prefixes.length} prefixes held, ${sessions} of ${guard.peers.length} sessions`;
        return held === guard.prefixes.length && held > 0 && sessions === guard.peers.length ? true : undefined;
      },
      () => saw,
    );
    field.say(`${server} is ready${tookMs > 100 ? ` after ${(tookMs / 1000).toFixed(1)} s` : ''}`);
  }
}
