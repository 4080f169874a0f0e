/** The lab's servers, asked and commanded as an operator would. */
import type { StatusReport } from '../../status/report.js';
import { SERVERS, type ServerNode } from './acme.js';
import { expect, type Field } from './field.js';

/** lab/acme/fleet.yaml leaves the defaults: lease 1 s, stopGrace 20 s. */
export const LEASE_MS = 1_000;
export const STOP_GRACE_MS = 20_000;

/** The router's own part, measured apart: FRR's FIB lags its RIB by up to 90 ms, and our polling adds its period. */
export const ROUTER_MS = 300;

export async function statusOf(field: Field, server: ServerNode): Promise<StatusReport> {
  const result = await field.attempt(server, ['culvert', 'status', '-o', 'json']);
  expect(result.stdout.startsWith('{'), `${server}: culvert status says: ${(result.stderr || result.stdout).trim()}`);
  return JSON.parse(result.stdout) as StatusReport;
}

/** Level at which a server's speaker holds each prefix. */
export async function heldLevels(field: Field, server: ServerNode): Promise<ReadonlyMap<string, string>> {
  const { guard } = await statusOf(field, server);
  expect('prefixes' in guard, `${server}: ${'problem' in guard ? guard.problem : 'no guard'}`);
  return new Map(guard.prefixes.map(({ prefix, held }) => [prefix, held]));
}

/** Waits until every server of the list holds every prefix at a level. Resolves to the milliseconds it took. */
export async function allHold(
  field: Field,
  servers: readonly ServerNode[],
  prefixes: readonly string[],
  level: string,
  boundMs: number,
): Promise<number> {
  let saw: readonly string[] = [];
  const { tookMs } = await field.until(
    `${servers.join(', ')} hold ${prefixes.join(', ')} at ${level}`,
    boundMs,
    async () => {
      const levels = await Promise.all(servers.map((server) => heldLevels(field, server)));
      saw = servers.flatMap((server, index) =>
        prefixes.flatMap((prefix) => {
          const held = levels[index]?.get(prefix) ?? 'absent';
          return held === level ? [] : [`${server} ${prefix} ${held}`];
        }),
      );
      return saw.length === 0 ? true : undefined;
    },
    () => saw.join(', '),
  );
  return tookMs;
}

/** Service supervision inside a server node: runit's `sv`. */
export const supervise = (field: Field, server: ServerNode, verb: string, service: string): Promise<string> =>
  field.run(server, ['sv', verb, `/run/service/${service}`]);

/** Kills one of a server's processes with SIGKILL and waits until its supervisor has started another. */
export async function killAndRevive(field: Field, server: ServerNode, service: string): Promise<void> {
  const pid = async (): Promise<string | undefined> =>
    /^run: .*\(pid (\d+)\)/.exec(await supervise(field, server, 'status', service))?.[1];
  const before = await pid();
  expect(before !== undefined, `${server}: ${service} does not run`);
  await supervise(field, server, 'kill', service);
  await field.until(`${server} has started another ${service}`, 5_000, async () => {
    const now = await pid();
    return now !== undefined && now !== before ? true : undefined;
  });
}

/** A named firewall counter of one namespace, summed over servers. */
export async function counterSum(
  field: Field,
  netns: string,
  name: string,
  servers: readonly ServerNode[] = SERVERS,
): Promise<number> {
  const reports = await Promise.all(servers.map((server) => statusOf(field, server)));
  return reports.reduce((sum, { agent }) => {
    if (!('counters' in agent)) return sum;
    const counters = agent.counters.find((entry) => entry.netns === netns)?.counters ?? [];
    return sum + (counters.find((counter) => counter.name === name)?.packets ?? 0);
  }, 0);
}
