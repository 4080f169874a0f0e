import type { Command } from 'commander';
import type { Commands, LabOptions } from './commands.js';
import { format } from './options.js';
import { print, type Format, type Output } from './output.js';
import { nodesText } from './render-status.js';

const TOPOLOGY = 'lab/acme/acme.clab.yml';

/** `culvert lab …`: a containerlab topology on this machine, in namespaces. */
export function addLabCommands(
  program: Command,
  commands: Commands,
  out: Output,
  exitWith: (code: number) => void,
): void {
  const lab = program.command('lab').description('play a containerlab topology on this machine, in namespaces');
  const verb = (name: string): Command =>
    lab.command(name).option('-t, --topology <file>', 'containerlab topology', TOPOLOGY);

  verb('deploy')
    .description('start every node; touches nothing outside the lab')
    .action((options: LabOptions) => commands.labDeploy(options));
  verb('up')
    .description('deploy, verify, leave it up, and say what to try next')
    .action(async (options: LabOptions) => {
      exitWith((await commands.labUp(options)) ? 0 : 1);
    });
  verb('inspect')
    .description('list the nodes')
    .addOption(format())
    .action(async (options: LabOptions & { output: Format }) => {
      print(out, options.output, await commands.labInspect(options), nodesText);
    });
  verb('exec')
    .description('run a command inside a node: culvert lab exec ams-s1 -- culvert status')
    .argument('<node>', 'its name in the topology')
    .argument('<command...>', 'the command and its arguments, behind --')
    .action(async (node: string, argv: string[], options: LabOptions) => {
      exitWith(await commands.labExec(options, node, argv));
    });
  verb('verify')
    .description('play the story step by step with real packets, faults included')
    .argument('[steps...]', 'letters of the steps to play, such as a b; all of them by default')
    .addHelpText(
      'after',
      `
Ctrl-C gives the step up, and ends when what it broke has been put right.`,
    )
    .action(async (steps: string[], options: LabOptions) => {
      exitWith((await commands.labVerify(options, steps)) ? 0 : 1);
    });
  verb('destroy')
    .description('remove the lab and everything in it')
    .action((options: LabOptions) => commands.labDestroy(options));
}
