import type { Command } from 'commander';
import type { Commands, EventsOptions } from './commands.js';
import { format, stateDir } from './options.js';
import { print, type Format, type Output } from './output.js';
import { eventsText } from './render-events.js';

/** `culvert events`: the record of agent and guard. */
export function addEvents(program: Command, commands: Commands, out: Output): void {
  program
    .command('events')
    .description('what agent and guard decided and did, and how long each incident took')
    .option('--prefix <prefix>', 'only what concerns this prefix, or the one with this address')
    .option('--since <duration>', 'only what happened within this time, such as 2h')
    .addOption(stateDir())
    .addOption(format())
    .addHelpText(
      'after',
      `
DETECT  from the first sign (an event, a lost probe, a failed check) to knowing it
DECIDE  from knowing it to the agent's decision
HANDED  from the decision until the BGP daemon was given the paths
WIRE    from the decision until the daemon was seen to hold it
BACK    from the decision until the prefixes were back
The record is two files per process in --state-dir, at most 1 MiB each.`,
    )
    .action(async (options: EventsOptions & { output: Format }) => {
      print(out, options.output, await commands.events(options), eventsText);
    });
}
