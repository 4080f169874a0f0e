/** Wires the command line to the rooms. Each command loads only what it needs: `culvert status` starts no lab. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Commands } from '../cli/commands.js';
import { HOME } from './paths.js';

type Say = (text: string) => void;

const version = (): string =>
  (JSON.parse(readFileSync(join(HOME, 'package.json'), 'utf8')) as { readonly version: string }).version;

/** `say` takes progress, `warn` what must not be mixed into results. */
export const createCommands = (say: Say, warn: Say): Commands => ({
  version,
  agent: async (options) => (await import('./agent.js')).runAgent(options),
  guard: async (options) => (await import('./guard.js')).runGuard(options),
  exabgpBridge: async (options) => {
    const { prepareExabgp, runExabgpBridge } = await import('./exabgp-bridge.js');
    await (options.prepare ? prepareExabgp(options) : runExabgpBridge(options));
  },
  plan: async (options) => (await import('./plan.js')).plan(options, warn),
  status: async (options) => (await import('./operate.js')).status(options),
  explain: async (options, prefix) => (await import('./operate.js')).explainPrefix(options, prefix),
  events: async (options) => (await import('./events.js')).events(options),
  drainHere: async (options, scope, progress) => (await import('./drain.js')).drainHere(options, scope, progress),
  undrainHere: async (options) => (await import('./drain.js')).undrainHere(options),
  drainScope: async (options, progress) => (await import('./drain.js')).drainScope(options, progress),
  undrainScope: async (options, progress) => (await import('./drain.js')).undrainScope(options, progress),
  confirm: async (options) => (await import('./operate.js')).confirm(options),
  intend: async (options, prefix) => (await import('./intents.js')).intend(options, prefix),
  reload: async (options) => (await import('./intents.js')).reload(options),
  schema: async () => (await import('../config/json-schema.js')).fleetJsonSchema(),
  renderRouter: async (options) => (await import('./render.js')).routerConfiguration(options, warn),
  labDeploy: async (options) => (await import('./lab.js')).deploy(options, say),
  labUp: async (options) => (await import('./lab.js')).up(options, say),
  labDestroy: async (options) => (await import('./lab.js')).destroy(options, say),
  labInspect: async (options) => (await import('./lab.js')).inspect(options),
  labExec: async (options, node, argv) => (await import('./lab.js')).execIn(options, node, argv),
  labVerify: async (options, steps) => (await import('./lab.js')).verifyLab(options, steps, say),
});
