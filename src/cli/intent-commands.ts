/** What operators tell the agent: single prefixes, and a fleet to be read again. */
import type { Command } from 'commander';
import type { Intent } from '../model/intent.js';
import type { Commands, IntentOptions, ReloadOptions } from './commands.js';
import { runDir } from './options.js';
import type { Output } from './output.js';

const AUTHOR = 'who asks; the user behind sudo unless written';

export function addIntents(program: Command, commands: Commands, out: Output): void {
  addIntent(program, commands, out, 'withdraw', 'take one prefix off the wire at this server, until the next word');
  addIntent(program, commands, out, 'advertise', 'end a withdrawal, or announce a prefix that the fleet has onDemand');
  program
    .command('reload')
    .description('have the agent read the fleet again, and say whether it was taken over')
    .option('--allow-withdraw <share>', 'permit the new fleet to drop this much of what is announced, such as 60%')
    .option('--author <name>', AUTHOR)
    .addOption(runDir())
    .addHelpText(
      'after',
      `
A fleet that drops more than safety.maxWithdrawnShare of the announced prefixes,
of more than one customer, is refused unless the share is permitted here.`,
    )
    .action(async (options: ReloadOptions) => {
      out.line(`fleet ${await commands.reload(options)} is in force`);
    });
}

function addIntent(program: Command, commands: Commands, out: Output, want: Intent['want'], text: string): void {
  program
    .command(want)
    .argument('<prefix>', "one of the customers' prefixes, exactly as the fleet has it")
    .description(text)
    .requiredOption('--reason <text>', 'why, for whoever reads culvert status')
    .option('--for <duration>', 'ends by itself after this, such as 2h')
    .option('--author <name>', AUTHOR)
    .addOption(runDir())
    .action(async (prefix: string, options: Omit<IntentOptions, 'want'>) => {
      const intent = await commands.intend({ ...options, want }, prefix);
      const until = intent.until === undefined ? 'until the next word' : `until ${intent.until}`;
      out.line(`${want} ${intent.prefix}: ${intent.author}, ${intent.at}, ${until}: ${intent.reason}`);
    });
}
