/** The lab's servers, asked and commanded as an operator would. */
import type { StatusReport } from '../../status/report.js';
import { SERVERS, type ServerNode } from './acme.js';
import { expect, type Field } from './field.js';

export async function statusOf(field: Field, server: ServerNode): Promise<StatusReport> {
  const result = await field.attempt(server, ['culvert', 'status', '-o', 'json']);
  expect(result.stdout.startsWith('{'), `${server}: culvert status says: ${(result.stderr || result.stdout).trim()}`);
  return JSON.parse(result.stdout) as StatusReport;
}

/** Level at which a server's speaker holds a prefix. */
export async function heldLevel(field: Field, server: ServerNode, prefix: string): Promise<string> {
  const { guard } = await statusOf(field, server);
  if (!('prefixes' in guard)) return `guard: ${guard.problem}`;
  return guard.prefixes.find((entry) => entry.prefix === prefix)?.held ?? 'absent';
}

/** Waits until every server of the list holds every prefix at a level. */
export async function allHold(
  field: Field,
  servers: readonly ServerNode[],
  prefixes: readonly string[],
  level: string,
  boundMs: number,
): Promise<number> {
  let saw = '';
  const { tookMs } = await field.until(
    `${servers.join(', ')} hold ${prefixes.join(', ')} at ${level}`,
    boundMs,
    async () => {
      for (const server of servers) {
        for (const prefix of prefixes) {
          const held = await heldLevel(field, server, prefix);
          if (held !== level) {
            saw = `${server} ${prefix} ${held}`;
            return undefined;
          }
        }
      }
      return true;
    },
    () => saw,
  );
  return tookMs;
}

/** Service supervision inside a server node: runit's `sv`. */
export const supervise = (field: Field, server: ServerNode, verb: string, service: string): Promise<string> =>
  field.run(server, ['sv', verb, `/run/service/${service}`]);


/** A named firewall counter of one namespace, summed over servers. */
export async function counterSum(field: Field, netns: string, name: string, servers: readonly ServerNode[] = SERVERS): Promise<number> {
  const reports = await Promise.all(servers.map((server) => statusOf(field, server)));
  return reports.reduce((sum, { agent }) => {
    if (!('counters' in agent)) return sum;
    const counters = agent.counters.find((entry) => entry.netns === netns)?.counters ?? [];
    return sum + (counters.find((counter) => counter.name === name)?.packets ?? 0);
  }, 0);
}
