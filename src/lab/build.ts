/** The steps between an empty anchor and a lab: nodes, settings, links, main processes, exec. */
import type { Anchor, StartedNode } from './anchor.js';
import { baseEnvironment, inAnchor, inNode } from './enter.js';
import { mainProcess, profileOf } from './images.js';
import { LabError } from './lab-error.js';
import { devicesOf, linkBatch } from './link-batch.js';
import type { Machine } from './machine.js';
import { execScript, failedExecs, settingScript, startScript } from './node-script.js';
import type { BindSources } from './preflight.js';
import { processOf, type LabRecord, type NodeRecord, type ProcessRecord } from './state.js';
import type { LabNode, Topology, Words } from './topology.js';
import { shellLine } from './words.js';

/** All of a node's exec commands together. */
const EXEC_TIMEOUT_MS = 300_000;

/** Everything else is a few mounts and links; an emulated machine takes half a minute for them. */
const STEP_TIMEOUT_MS = 90_000;

/** Scripts at work at one time: they mostly wait for the kernel. */
const AT_ONCE = 4;

export interface Built {
  readonly lab: LabRecord;
  /** Commands of `exec` that failed. containerlab goes on after them, and so does this. */
  readonly warnings: readonly string[];
}

/** Fills the anchor. Rejects with `LabError`; the caller then ends the anchor. */
export async function buildLab(
  machine: Machine,
  topology: Topology,
  sources: BindSources,
  anchor: Anchor,
): Promise<Built> {
  const rootless = machine.uid !== 0;
  const started = await startNodes(machine, topology, anchor);
  if ([...started.values()].some(({ layered }) => !layered)) {
    machine.say('  no overlayfs here: nodes share /etc, /srv, /tmp and /var with this machine');
  }
  const lab = await recordOf(machine, topology, anchor, started);
  const entries = new Map(lab.nodes.map((entry) => [entry.name, entry]));
  const inside = (node: LabNode, argv: Words, input: string, timeoutMs?: number): Promise<string> => {
    const entry = entries.get(node.name);
    if (!entry) throw new LabError(`node ${node.name} was not started`, 'deploy again');
    return feed(machine, inNode(lab, entry, argv), input, `node ${node.name}`, timeoutMs);
  };

  await forEach(topology.nodes, async (node) => {
    const setting = {
      node,
      profile: profileOf(node, machine.home),
      sources: node.binds.map(({ source }) => sources.get(source) ?? ('file' as const)),
      rootless,
      culvert: machine.culvert,
    };
    await inside(node, ['sh', '-s'], settingScript(setting));
  });

  const pids = new Map(lab.nodes.map(({ name, process }) => [name, process.pid]));
  const within = { pid: anchor.pid, rootless };
  await feed(machine, inAnchor(within, ['ip', '-batch', '-']), linkBatch(topology.links, pids), 'links');
  machine.say(`  ${await tunnelChoice(machine, within)}`);

  const warnings: string[] = [];
  await forEach(topology.nodes, async (node) => {
    await inside(
      node,
      ['sh', '-s'],
      startScript(devicesOf(topology.links, node.name), mainProcess(node, machine.home)),
    );
    if (node.exec.length === 0) return;
    const answers = await inside(node, ['sh', '-s'], execScript(node.exec), EXEC_TIMEOUT_MS);
    for (const { command: failed, code, output } of failedExecs(node.exec, answers)) {
      warnings.push(`${node.name}: ${shellLine(failed)}: exit ${code}${output === '' ? '' : `: ${output}`}`);
    }
  });
  return { lab, warnings };
}

async function startNodes(
  machine: Machine,
  topology: Topology,
  anchor: Anchor,
): Promise<ReadonlyMap<string, StartedNode>> {
  const starting = topology.nodes.map(async ({ name }) => [name, await anchor.startNode(name)] as const);
  let timer;
  const late = new Promise<never>((_, reject) => {
    timer = machine.clock.after(STEP_TIMEOUT_MS, () =>
      reject(
        new LabError(`the nodes did not start within ${STEP_TIMEOUT_MS / 1000} s`, 'try again on a quieter machine'),
      ),
    );
  });
  try {
    return new Map(await Promise.race([Promise.all(starting), late]));
  } finally {
    (timer as { cancel(): void } | undefined)?.cancel();
  }
}

async function recordOf(
  machine: Machine,
  topology: Topology,
  anchor: Anchor,
  started: ReadonlyMap<string, StartedNode>,
): Promise<LabRecord> {
  const identified = async (pid: number): Promise<ProcessRecord> => {
    const process = await processOf(machine.files, pid);
    if (!process) throw new LabError(`process ${pid} of the lab ended at once`, 'deploy again');
    return process;
  };
  const nodes = topology.nodes.map(async (node): Promise<NodeRecord> => ({
    name: node.name,
    kind: node.kind,
    ...(node.image === undefined ? {} : { image: node.image }),
    standsFor: profileOf(node, machine.home)?.standsFor ?? "this machine's programs",
    process: await identified(started.get(node.name)?.pid ?? 0),
    env: { ...baseEnvironment(node.name, machine.home), ...node.env },
  }));
  return {
    name: topology.name,
    topology: topology.path,
    deployedAt: machine.clock.wall(),
    rootless: machine.uid !== 0,
    anchor: await identified(anchor.pid),
    nodes: await Promise.all(nodes),
  };
}

/** Runs a program that reads its work from standard input; anything but success is a `LabError`. */
async function feed(
  machine: Machine,
  argv: Words,
  input: string,
  what: string,
  timeoutMs = STEP_TIMEOUT_MS,
): Promise<string> {
  const { code, stdout, stderr } = await machine.exec.run(argv, { input, timeoutMs });
  if (code !== 0) {
    const detail = stderr.trim().split('\n').slice(-3).join('; ');
    throw new LabError(`${what}: ${detail === '' ? `exit ${code}` : detail}`, 'correct the topology, or this machine');
  }
  return stdout;
}

/** Tries GRE where it harms nobody: in the anchor's own, empty network namespace. */
async function tunnelChoice(
  machine: Machine,
  within: { readonly pid: number; readonly rootless: boolean },
): Promise<string> {
  const device = ['type', 'gre', 'local', '192.0.2.1', 'remote', '198.51.100.1'] as const;
  const { code } = await machine.exec.run(inAnchor(within, ['ip', 'link', 'add', 'name', 'gre-try', ...device]));
  if (code !== 0) return 'GRE: this kernel has no ip_gre; tunnels run in userspace (tun)';
  await machine.exec.run(inAnchor(within, ['ip', 'link', 'delete', 'gre-try']));
  return 'GRE: by the kernel (ip_gre)';
}

/** A few at a time; the first failure stops what has not begun. */
async function forEach(nodes: readonly LabNode[], work: (node: LabNode) => Promise<void>): Promise<void> {
  const waiting = nodes.values();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (const node of waiting) {
      if (failed) return;
      try {
        await work(node);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
