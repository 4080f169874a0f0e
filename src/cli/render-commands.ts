/** `culvert render …`: configuration for machines that are not ours. */
import { type Command, Option } from 'commander';
import { VENDORS } from '../model/vendor.js';
import type { Commands, RenderRouterOptions } from './commands.js';
import type { Output } from './output.js';

export function addRender(program: Command, commands: Commands, out: Output): void {
  const render = program
    .command('render')
    .description('print configuration for machines around the servers')
    .addHelpText(
      'after',
      `
Nothing is changed anywhere: what is printed is for you to look at and to load.`,
    );
  render
    .command('router')
    .argument('<site>', 'a site of the fleet')
    .description("a site router's configuration, for FRR or BIRD")
    .addOption(new Option('--vendor <vendor>', 'what the router runs').choices(VENDORS).makeOptionMandatory(true))
    .addOption(
      new Option('--fleet <path>', 'fleet file, or a folder of .yaml files').default('/etc/culvert/fleet.yaml'),
    )
    .option('--router <name>', 'which one, where the site has several')
    .option('--show-secrets', 'print the passwords of sessions; HIDDEN-PASSWORD stands for each otherwise', false)
    .addHelpText(
      'after',
      `
Sessions with every server of the site, ECMP over them, and filters: exactly the
fleet's prefixes are accepted from servers, and from nobody else.

With upstreams: in the fleet the configuration is whole: upstreams get the
fleet's prefixes and the router's networks:, without GRACEFUL_SHUTDOWN
(65535:0) unless the whole site leaves (ASN:2:0), without private AS numbers
(RFC 6996) unless the fleet is a lab's (allowReserved:), and never a path with
BLACKHOLE (65535:666). Without upstreams: it is the servers' part, to be
included in a configuration of your own, and what your upstreams get is yours
to clean: FRR has remove-private-AS all, BIRD has bgp_path.delete.

  culvert render router ams --vendor frr  | vtysh -C -f /dev/stdin
  culvert render router sjc --vendor bird > /etc/bird/culvert.conf && birdc configure

Print and load it again whenever servers or prefixes of the fleet change: new
prefixes are not accepted before.`,
    )
    .action(async (site: string, options: Omit<RenderRouterOptions, 'site'>) => {
      out.line((await commands.renderRouter({ ...options, site })).trimEnd());
    });
}
