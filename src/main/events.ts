/** What agent and guard have recorded, read for an operator. Works while neither of them runs. */
import type { EventsOptions } from '../cli/commands.js';
import { parseDuration } from '../config/durations.js';
import { createClock } from '../drivers/clock/clock.js';
import { createFiles } from '../drivers/files/files.js';
import { eventsReport, type EventsReport } from '../status/events.js';
import { readRecorded } from '../status/recorded.js';
import { records } from './paths.js';

export async function events({ stateDir, prefix, since }: EventsOptions): Promise<EventsReport> {
  const sinceMs = since === undefined ? undefined : parseDuration(since);
  if (since !== undefined && sinceMs === undefined) {
    throw new Error(`--since ${since} is not a duration; write 30m or 2h`);
  }
  const files = createFiles();
  const { agent, guard } = records(stateDir);
  const texts: string[] = [];
  // The newer generation first: when it becomes the older one meanwhile, it is read twice and not missed.
  for (const path of [agent, `${agent}.1`, guard, `${guard}.1`]) {
    const text = await files.read(path).catch((error: unknown) => {
      const { code } = error as NodeJS.ErrnoException;
      throw new Error(`cannot read ${path} (${code ?? 'unknown'}); run this as the user of agent and guard`);
    });
    if (text !== undefined) texts.push(text);
  }
  if (texts.length === 0) throw new Error(`nothing is recorded in ${stateDir}; name the folder with --state-dir`);
  const after = sinceMs === undefined ? undefined : Date.parse(createClock().wall()) - sinceMs;
  const report = eventsReport(readRecorded(texts), {
    ...(prefix === undefined ? {} : { prefix }),
    ...(after === undefined ? {} : { after }),
  });
  if (report === 'unknown-prefix')
    throw new Error(`no event names ${prefix ?? ''}; culvert events lists those that are`);
  return report;
}
