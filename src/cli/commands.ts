import type { KernelOp } from '../model/kernel.js';
import type { Intent } from '../model/intent.js';
import type { DrainScope, WireState } from '../model/lease.js';
import type { Vendor } from '../model/vendor.js';
import type { EventsReport } from '../status/events.js';
import type { Explanation } from '../status/explain.js';
import type { StatusReport } from '../status/report.js';

/** Where a server's processes meet: sockets and state. */
export interface RunOptions {
  readonly runDir: string;
}

export interface ServerOptions extends RunOptions {
  /** A file, or a folder of files. */
  readonly fleet: string;
  readonly server: string;
}

interface ProcessOptions extends ServerOptions {
  readonly stateDir: string;
}

export interface AgentOptions extends ProcessOptions {
  readonly tunnels: 'auto' | 'kernel' | 'tun';
  /** Permits what belongs into a lab only: userspace tunnels. */
  readonly lab: boolean;
  readonly drainOnExit: boolean;
}

export interface GuardOptions extends ProcessOptions {
  /** Of a server with gobgpd: `unix:/path` or a loopback `address:port`. */
  readonly gobgp: string;
}

export interface ExabgpBridgeOptions extends RunOptions {
  /** Write what ExaBGP starts with, and end. */
  readonly prepare: boolean;
}

export interface PlanOptions extends ServerOptions {
  readonly tunnels: 'auto' | 'kernel' | 'tun';
  readonly lab: boolean;
}

export interface IntentOptions extends RunOptions {
  readonly want: 'advertise' | 'withdraw';
  readonly reason: string;
  /** Who asks; the user behind sudo when absent. */
  readonly author?: string;
  /** A duration such as `2h`; until the next word when absent. */
  readonly for?: string;
}

export interface ReloadOptions extends RunOptions {
  /** A percentage of what is announced that the new fleet may drop. */
  readonly allowWithdraw?: string;
  readonly author?: string;
}

export interface EventsOptions {
  /** Where agent and guard keep their records. */
  readonly stateDir: string;
  /** A prefix, or an address inside one. */
  readonly prefix?: string;
  /** A duration such as `2h`; everything that is kept when absent. */
  readonly since?: string;
}

/** A server or a site, and how others are reached. */
export interface ScopeOptions {
  readonly name: string;
  /** A file, or a folder of files. */
  readonly fleet: string;
  /** The words before `culvert …` that run it on another server; `{server}` and `{address}` stand for its name and address. */
  readonly via: string;
}

export interface DrainOptions extends ScopeOptions {
  /** The name once more: drains also what then has no full path left. */
  readonly force?: string;
}

export interface RenderRouterOptions {
  readonly site: string;
  /** The site's only one when absent. */
  readonly router?: string;
  /** A file, or a folder of files. */
  readonly fleet: string;
  readonly vendor: Vendor;
  readonly showSecrets: boolean;
}

export interface LabOptions {
  readonly topology: string;
}

export interface NodeReport {
  readonly name: string;
  readonly kind: string;
  readonly image: string;
  readonly state: string;
  readonly pid?: number;
}

/**
 * What the command line can do. Everything rejects with an error whose
 * message is one line with cause and remedy; processes resolve when they end.
 */
export interface Commands {
  /** Of this program. */
  version(): string;
  agent(options: AgentOptions): Promise<void>;
  guard(options: GuardOptions): Promise<void>;
  exabgpBridge(options: ExabgpBridgeOptions): Promise<void>;
  /** This server. Resolves when the guard reports it drained. */
  drainHere(options: RunOptions, scope: DrainScope, progress: (state: WireState) => void): Promise<void>;
  undrainHere(options: RunOptions): Promise<void>;
  /** A server or a site by its name, from anywhere. Rejects before anything has changed when no full path would be left. */
  drainScope(options: DrainOptions, progress: (line: string) => void): Promise<void>;
  undrainScope(options: ScopeOptions, progress: (line: string) => void): Promise<void>;
  confirm(options: RunOptions): Promise<void>;
  plan(options: PlanOptions): Promise<readonly KernelOp[]>;
  status(options: RunOptions): Promise<StatusReport>;
  explain(options: RunOptions, prefix: string): Promise<Explanation>;
  events(options: EventsOptions): Promise<EventsReport>;
  /** An operator's word about one prefix at this server. */
  intend(options: IntentOptions, prefix: string): Promise<Intent>;
  /** Resolves to the generation in force. */
  reload(options: ReloadOptions): Promise<string>;
  schema(): Promise<object>;
  /** Resolves to the text of the whole file. */
  renderRouter(options: RenderRouterOptions): Promise<string>;
  labDeploy(options: LabOptions): Promise<void>;
  /** Deploys unless it is up, verifies, leaves it up and says what to try. Resolves to true when every step passed. */
  labUp(options: LabOptions): Promise<boolean>;
  labDestroy(options: LabOptions): Promise<void>;
  labInspect(options: LabOptions): Promise<readonly NodeReport[]>;
  /** Resolves to the command's exit code; its output goes straight through. */
  labExec(options: LabOptions, node: string, argv: readonly string[]): Promise<number>;
  /** Resolves to true when every step passed. */
  labVerify(options: LabOptions, steps: readonly string[]): Promise<boolean>;
}
