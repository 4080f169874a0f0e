/**
 * ```
 *   namespace cv-acme          default namespace            namespace cpe
 *   gre-us 10.255.0.0/31       192.0.2.1 (lo)               gre1 10.255.0.1/31
 *   gre-key 10.255.0.2/31           :                       gre2 10.255.0.3/31, key 42
 *        :                     198.51.100.65 ─── veth ───── 198.51.100.66
 *        └·········· tund ···········┘             └·· tund --static ··┘
 * ```
 */
import { createTunTunnels } from '../../../src/drivers/tunnel/tun/tun-tunnels.js';
import { address } from '../../../src/model/address.js';
import type { TunnelState } from '../../../src/model/kernel.js';
import type { StreamHandle } from '../../../src/ports/exec.js';
import type { TunnelDriver } from '../../../src/ports/kernel.js';
import { openAnchor, type Anchor } from '../../kernel-anchor.js';

const UNDERLAY = `
ip netns add cv-acme; ip netns add cpe
ip link add v0 type veth peer name v0 netns cpe
ip address add 192.0.2.1/32 dev lo
ip address add 198.51.100.65/30 dev v0; ip link set v0 up
ip -n cpe address add 198.51.100.66/30 dev v0; ip -n cpe link set v0 up; ip -n cpe link set lo up
ip -n cpe route add default via 198.51.100.65
ip -n cv-acme link set lo up
`;

export const GRE_US: TunnelState = {
  netns: 'cv-acme',
  name: 'gre-us',
  local: address('192.0.2.1'),
  remote: address('198.51.100.66'),
  mtu: 1476,
  up: true,
};

export interface Running {
  readonly handle: StreamHandle;
  readonly ended: Promise<string>;
}

export class TundFixture {
  private constructor(
    readonly anchor: Anchor,
    private readonly program: string,
  ) {}

  static async open(program: string): Promise<TundFixture> {
    const fixture = new TundFixture(await openAnchor(), program);
    await fixture.sh(UNDERLAY);
    return fixture;
  }

  get socket(): string {
    return `/proc/${this.anchor.pid}/root/run/culvert/tund.sock`;
  }

  /** A new driver, as a restarted agent would make one. */
  driver(): TunnelDriver {
    const { exec, rtnetlink } = this.anchor;
    return createTunTunnels({ exec, rtnetlink, socket: this.socket });
  }

  async tund(...flags: string[]): Promise<Running> {
    return this.start(['node', this.program, ...(flags.length > 0 ? flags : ['--socket', '/run/culvert/tund.sock'])]);
  }

  /** tund as the customer's router. */
  async router(): Promise<Running> {
    const ends = 'local=198.51.100.66,remote=192.0.2.1,mtu=1476';
    const gre1 = `name=gre1,${ends},address=10.255.0.1/31,address=2001:db8:ff::1/127`;
    const gre2 = `name=gre2,${ends},key=42,address=10.255.0.3/31`;
    const argv = ['ip', 'netns', 'exec', 'cpe', 'node', this.program, '--static', gre1, '--static', gre2] as const;
    return this.start(argv, 2);
  }

  /** To the processes whose command line holds `--socket`. */
  async signalTund(signal: 'TERM' | 'KILL'): Promise<void> {
    await this.sh(`for p in /proc/[0-9]*; do
      if tr '\\0' ' ' < $p/cmdline 2>/dev/null | grep -q '^node .*--socket'; then kill -${signal} \${p#/proc/}; fi
    done`);
  }

  /** Resolves after `lines` lines. */
  private async start(argv: readonly [string, ...string[]], lines = 1): Promise<Running> {
    let waiting = lines;
    let up: () => void;
    let end: (reason: string) => void;
    const isUp = new Promise<void>((resolve) => (up = resolve));
    const ended = new Promise<string>((resolve) => (end = resolve));
    const handle = this.anchor.exec.stream(argv, {
      line: () => --waiting === 0 && up(),
      ended: (reason) => end(reason),
    });
    const failed = ended.then((reason) => {
      throw new Error(reason);
    });
    failed.catch(() => undefined);
    await Promise.race([isUp, failed]);
    return { handle, ended };
  }

  /** Standard output; throws when the script fails. */
  async sh(script: string): Promise<string> {
    const { code, stdout, stderr } = await this.anchor.exec.run(['sh', '-ec', script], { timeoutMs: 15_000 });
    if (code !== 0) throw new Error(`${script}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Answers to three pings through the tunnel. */
  async ping(target = '10.255.0.1', ...flags: string[]): Promise<number> {
    const argv = ['ip', 'netns', 'exec', 'cv-acme', 'ping', '-c', '3', '-i', '0.05', '-W', '1', '-q', ...flags, target];
    const { stdout } = await this.anchor.exec.run(argv as [string, ...string[]]);
    return Number(/(\d+) received/.exec(stdout)?.[1]);
  }
}
