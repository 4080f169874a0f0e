/** The command line: options in, `Commands` called, results printed. No decision about the network is made here. */
import { Command, CommanderError, Option } from 'commander';
import { describeOp } from '../status/operations.js';
import { isAway } from '../status/report.js';
import type { Commands, GuardOptions, RunOptions } from './commands.js';
import { addLabCommands } from './lab-commands.js';
import { addDrain } from './drain-commands.js';
import { addEvents } from './events-command.js';
import { addIntents } from './intent-commands.js';
import { addRender } from './render-commands.js';
import { format, runDir, stateDir } from './options.js';
import { print, type Format, type Output } from './output.js';
import { explainText, statusText } from './render-status.js';

const EXIT = { nothing: 0, error: 1, changes: 2 } as const;

/** Runs one command line to its end; resolves to the exit code. Never rejects. */
export async function runCli(argv: readonly string[], commands: Commands, out: Output): Promise<number> {
  let exit: number = EXIT.nothing;
  const program = buildProgram(commands, out, (code) => {
    exit = code;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.nothing : EXIT.error;
    out.note(`culvert: ${error instanceof Error ? error.message : String(error)}`);
    return EXIT.error;
  }
}

function buildProgram(commands: Commands, out: Output, exitWith: (code: number) => void): Command {
  const program = new Command('culvert')
    .description(
      "Announce customers' prefixes from every site, withdraw on failure, send clean packets home through anycast GRE.",
    )
    .version(`culvert ${commands.version()}`, '--version', 'print the version')
    .exitOverride()
    .configureOutput({ writeOut: (text) => out.line(text.trimEnd()), writeErr: (text) => out.note(text.trimEnd()) })
    .showHelpAfterError('(culvert --help lists the commands; culvert COMMAND --help explains one)')
    .addHelpText('after', HELP_AFTER);
  addProcesses(program, commands);
  addOperations(program, commands, out, exitWith);
  addLabCommands(program, commands, out, exitWith);
  return program;
}

const HELP_AFTER = `
A server runs three processes: a BGP daemon (gobgpd, or ExaBGP), culvert guard
(which alone commands it) and culvert agent (which configures the kernel and
decides what to announce). Look first with "culvert status", then with
"culvert explain PREFIX".

Exit codes: 0 done, or nothing to do; 1 error; 2 (plan only) there are changes.
"lab exec" ends with the exit code of its command.

Try it all on this machine, in a clone of the project:
  culvert lab deploy     four servers, two sites, two customers, in namespaces
  culvert lab verify     sends the packets and breaks things on purpose
  culvert lab destroy    leaves nothing behind`;

function serverOptions(command: Command): Command {
  return command
    .requiredOption('--fleet <path>', 'fleet file, or a folder of .yaml files')
    .requiredOption('--server <name>', "this server's name in the fleet")
    .addOption(runDir());
}

const tunnelsOption = (): Option =>
  new Option('--tunnels <driver>', 'kernel (ip_gre), tun (userspace, labs only), or auto: kernel where it works')
    .choices(['auto', 'kernel', 'tun'])
    .default('auto');

const labOption = (): Option => new Option('--lab', 'this is a lab: permit userspace tunnels').default(false);

function addProcesses(program: Command, commands: Commands): void {
  serverOptions(program.command('agent'))
    .addOption(stateDir())
    .description('configure the kernel, probe the tunnels, decide what to announce')
    .addOption(tunnelsOption())
    .addOption(labOption())
    .option('--drain-on-exit', 'on SIGTERM drain at once instead of handing over', false)
    .addHelpText(
      'after',
      `
SIGTERM hands over: the guard keeps the wire as it is for safety.stopGrace and
drains if no agent returns. SIGHUP reads the fleet again; a bad one is refused
and the last good one stays.`,
    )
    .action((options: Parameters<Commands['agent']>[0]) => commands.agent(options));
  serverOptions(program.command('guard'))
    .addOption(stateDir())
    .description('own the BGP speaker: allow-list, announcements, lease, drain')
    .option('--gobgp <address>', 'unix:/path or loopback address:port of gobgpd; default unix:RUN_DIR/gobgpd.sock')
    .addHelpText(
      'after',
      `
The BGP daemon, gobgpd or with "speaker: exabgp" ExaBGP behind its bridge, must
be ours alone: peers that the fleet does not name make the guard refuse to
start. SIGTERM drains: degraded first, then withdrawn, then out.`,
    )
    .action((options: Omit<GuardOptions, 'gobgp'> & { gobgp?: string }) =>
      commands.guard({ ...options, gobgp: options.gobgp ?? `unix:${options.runDir}/gobgpd.sock` }),
    );
  program
    .command('exabgp-bridge')
    .description('stand before an ExaBGP: allow-list, paths, neighbours (ExaBGP runs this itself)')
    .addOption(runDir())
    .option('--prepare', 'write RUN_DIR/exabgp.conf and exabgp.env, which ExaBGP starts with, and end', false)
    .addHelpText(
      'after',
      `
For a server with "speaker: exabgp". Start ExaBGP with no other configuration:
  culvert exabgp-bridge --prepare
  exabgp --env /run/culvert/exabgp.env /run/culvert/exabgp.conf`,
    )
    .action((options: Parameters<Commands['exabgpBridge']>[0]) => commands.exabgpBridge(options));
}

function addOperations(program: Command, commands: Commands, out: Output, exitWith: (code: number) => void): void {
  serverOptions(program.command('plan'))
    .description('print what the agent would change in the kernel; change nothing')
    .addOption(tunnelsOption())
    .addOption(labOption())
    .addOption(format())
    .addHelpText(
      'after',
      `
Needs root, because it looks into every namespace. A tunnel that a running agent
knows to be down is taken as down. Ends with 2 when there is something to change.`,
    )
    .action(async (options: Parameters<Commands['plan']>[0] & { output: Format }) => {
      const ops = await commands.plan(options);
      print(out, options.output, ops, () => (ops.length === 0 ? ['nothing to do'] : ops.map(describeOp)));
      exitWith(ops.length === 0 ? EXIT.nothing : EXIT.changes);
    });
  program
    .command('status')
    .description('what this server announces and why, its tunnels, counters and drift')
    .addOption(runDir())
    .addOption(format())
    .action(async (options: RunOptions & { output: Format }) => {
      const report = await commands.status(options);
      print(out, options.output, report, statusText);
      if (isAway(report.guard)) exitWith(EXIT.error);
    });
  program
    .command('explain')
    .argument('<prefix>', 'an announced prefix, or an address inside one')
    .description('the chain from the fleet file to the peers, for one prefix')
    .addOption(runDir())
    .addOption(format())
    .action(async (prefix: string, options: RunOptions & { output: Format }) => {
      print(out, options.output, await commands.explain(options, prefix), explainText);
    });
  addEvents(program, commands, out);
  addDrain(program, commands, out);
  program
    .command('confirm')
    .description('let a server announce again that came up after longer than safety.bootMaxAge')
    .addOption(runDir())
    .action(async (options: RunOptions) => {
      await commands.confirm(options);
      out.line('confirmed: announcements return as the agent asks for them');
    });
  addIntents(program, commands, out);
  addRender(program, commands, out);
  program
    .command('schema')
    .description('print the JSON Schema of the fleet file, for editors')
    .action(async () => {
      out.line(JSON.stringify(await commands.schema(), null, 2));
    });
}
