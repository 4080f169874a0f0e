/** Taking servers out of service and bringing them back. */
import { type Command, Option } from 'commander';
import type { WireState } from '../model/lease.js';
import type { Commands, RunOptions, ScopeOptions } from './commands.js';
import { runDir } from './options.js';
import type { Output } from './output.js';
import { drainText } from './render-status.js';

const NAME = 'a server, or a site; this server when absent';

const fleet = (): Option =>
  new Option('--fleet <path>', 'with a name: the fleet file, or a folder of .yaml files').default(
    '/etc/culvert/fleet.yaml',
  );
const via = (): Option =>
  new Option('--via <words>', 'with a name: what runs a command on another server').default('ssh {address}');

type Reach = RunOptions & Omit<ScopeOptions, 'name'>;

export function addDrain(program: Command, commands: Commands, out: Output): void {
  program
    .command('drain')
    .argument('[name]', NAME)
    .description('take a server or a site out in order: degrade, wait for its packets to go, withdraw, confirm')
    .addOption(runDir())
    .addOption(fleet())
    .addOption(via())
    .option('--force <name>', 'with a name, the same again: drain although no full path would be left')
    .option('--leaving-site', 'this server, as one of a site that leaves as a whole', false)
    .addHelpText(
      'after',
      `
A drain stays degraded for safety.drain at least, and for safety.drainMost at
most while customers' packets still arrive. Of a site that leaves as a whole
the paths also bear the large community ASN:2:0, by which the site's routers
turn upstreams away; see the README on routers.

With a name, every server of the fleet is asked first what it announces.
"culvert status" is run there by the words of --via, in which {server} and
{address} stand for its name and address:
  culvert drain ams --via 'ssh root@{address}'
  culvert drain ams --fleet lab/acme/fleet.yaml --via 'culvert lab exec {server} --'`,
    )
    .action(async (name: string | undefined, options: Reach & { force?: string; leavingSite: boolean }) => {
      if (name === undefined) {
        const progress = (state: WireState): void => out.note(drainText(state));
        await commands.drainHere(options, options.leavingSite ? 'site' : 'server', progress);
        out.line('drained: nothing of this server is announced; culvert undrain brings it back');
        return;
      }
      await commands.drainScope({ ...options, name }, (line) => out.note(line));
      out.line(`drained: ${name}; culvert undrain ${name} brings it back`);
    });
  program
    .command('undrain')
    .argument('[name]', NAME)
    .description('bring a drained server or site back')
    .addOption(runDir())
    .addOption(fleet())
    .addOption(via())
    .action(async (name: string | undefined, options: Reach) => {
      if (name === undefined) await commands.undrainHere(options);
      else await commands.undrainScope({ ...options, name }, (line) => out.note(line));
      out.line('in service: announcements return as the agent asks for them');
    });
}
