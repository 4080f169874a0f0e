/**
 *   r1  AS64500 198.18.1.1  ──iBGP──┐
 *                                   ├── speaker AS64500 198.18.1.11, 2001:db8:1::11
 *   r2  AS64510 198.18.1.2  ──eBGP──┘
 *
 * r1 and r2 are BIRDs. r2 also sends routes of its own: an allowed prefix
 * and one that is not. Further routers stand at 198.18.1.3 and up.
 */
import { address, type Address, prefix, type Prefix } from '../../src/model/address.js';
import type { Path, PathAttributes, Peer, SpeakerOp, SpeakerRunning } from '../../src/model/path.js';
import type { Speaker, SpeakerCapabilities } from '../../src/ports/speaker.js';
import { type Anchor, startAnchor } from '../drivers/speaker/anchor.js';
import { type ReceivedRoute, type Receiver, type ReceiverSession, startReceiver } from '../drivers/speaker/receiver.js';
import { until } from '../drivers/speaker/until.js';

/** A daemon and its driver, as the suite asks for them. */
export interface SpeakerUnderTest<D extends DaemonUnderTest = DaemonUnderTest> {
  readonly name: string;
  readonly can: SpeakerCapabilities;
  /** A peer that comes or goes makes it send the others everything once more. */
  readonly resends?: boolean;
  /** Starts the daemon inside the anchor, without configuration. */
  start(anchor: Anchor): Promise<D>;
}

export interface DaemonUnderTest {
  /** A new client; several may be open, one of them writes. Closed by whoever opened it. */
  open(): Speaker;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again as it was at first, at the same address. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export const OWN_ASN = 64_500;
export const OTHER_ASN = 64_510;
export const SELF = address('198.18.1.11');
const SELF6 = address('2001:db8:1::11');
export const R1 = address('198.18.1.1');
export const R2 = address('198.18.1.2');
/** Large community of the server under test. */
export const TAG = '64500:1:11';

export const V4 = prefix('203.0.113.0/24');
export const V6 = prefix('2001:db8:acf::/48');
export const WIDE = prefix('100.72.0.0/16');
export const WIDE6 = prefix('2001:db8:c000::/40');
/** Allowed, and sent by r2 as well. */
export const LEARNED = prefix('192.0.2.0/24');
const MARKER = prefix('192.88.99.0/24');
export const ALLOWED: readonly Prefix[] = [LEARNED, MARKER, V4, V6, WIDE, WIDE6];

const PORT = 1790;
const ROUTERS = 9;

export const start: SpeakerOp = { kind: 'start', asn: OWN_ASN, routerId: SELF, listenPort: PORT };
export const install = (...allow: readonly Prefix[]): SpeakerOp => ({ kind: 'install-barrier', allow });
export const announce = (...paths: readonly Path[]): SpeakerOp => ({ kind: 'announce', paths });
export const withdraw = (...prefixes: readonly Prefix[]): SpeakerOp => ({ kind: 'withdraw', prefixes });
export const addPeer = (peer: Peer): SpeakerOp => ({ kind: 'add-peer', peer });
export const deletePeer = (peer: Address): SpeakerOp => ({ kind: 'delete-peer', address: peer });

export const path = (of: Prefix, extra: Partial<PathAttributes> = {}): Path => ({
  prefix: of,
  attributes: {
    asPath: [64_512],
    nextHop: of.includes(':') ? SELF6 : SELF,
    communities: [],
    largeCommunities: [TAG],
    ...extra,
  },
});

export const peer = (to: Address, extra: Partial<Peer> = {}): Peer => ({
  address: to,
  asn: to === R1 ? OWN_ASN : OTHER_ASN,
  localAddress: to.includes(':') ? SELF6 : SELF,
  families: [4, 6],
  hold: 9,
  keepalive: 3,
  ttlSecurity: false,
  gracefulRestart: 0,
  passive: false,
  multihop: 0,
  maxPrefix: {},
  ...extra,
});

export type Router = 'r1' | 'r2';

/** One daemon, two routers, and a client that writes. */
export class Stage<D extends DaemonUnderTest = DaemonUnderTest> {
  anchor!: Anchor;
  daemon!: D;
  speaker!: Speaker;
  private readonly routers = new Map<string, Receiver>();
  private readonly started = new Set<Receiver>();

  constructor(readonly under: SpeakerUnderTest<D>) {}

  async raise(): Promise<void> {
    const routers = Array.from({ length: ROUTERS }, (_, i) => `198.18.1.${i + 1}/32`);
    this.anchor = await startAnchor([...routers, `${SELF}/32`, '2001:db8:1::1/128', `${SELF6}/128`]);
    this.daemon = await this.under.start(this.anchor);
    this.routers.set('r1', await this.router({ local: R1, localAsn: OWN_ASN }));
    this.routers.set('r2', await this.router({ local: R2, originates: [LEARNED, '198.51.100.0/24'] }));
    this.speaker = this.daemon.open();
  }

  async strike(): Promise<void> {
    this.speaker?.close();
    for (const router of this.started) await router.stop();
    await this.daemon?.stop();
    await this.anchor?.stop();
  }

  /** A further router; it ends with the stage, or earlier by `dismiss`. */
  async router(session: Partial<ReceiverSession> & { readonly local: Address }): Promise<Receiver> {
    const receiver = await startReceiver(this.anchor, {
      localAsn: OTHER_ASN,
      remote: session.local.includes(':') ? SELF6 : SELF,
      remoteAsn: OWN_ASN,
      remotePort: PORT,
      ...session,
    });
    this.started.add(receiver);
    return receiver;
  }

  async dismiss(receiver: Receiver): Promise<void> {
    this.started.delete(receiver);
    await receiver.stop();
  }

  at(router: Router): Receiver {
    const receiver = this.routers.get(router);
    if (!receiver) throw new Error(`no router ${router}`);
    return receiver;
  }

  async observed(): Promise<SpeakerRunning> {
    const seen = await this.speaker.observe();
    if (seen.state !== 'started') throw new Error(`observed ${seen.state}`);
    return seen;
  }

  async peerAt(at: Address) {
    return (await this.observed()).peers.find((seen) => seen.address === at);
  }

  async established(...peers: readonly Address[]): Promise<void> {
    await until(
      `sessions with ${peers.join(', ')}`,
      async () => {
        const { peers: seen } = await this.observed();
        return peers.every((at) => seen.some((own) => own.address === at && own.state === 'established'));
      },
      30_000,
    );
  }

  /** The routes at a router, when there are as many. */
  async received(router: Router, count: number, boundMs = 15_000): Promise<readonly ReceivedRoute[]> {
    await until(`${count} routes at ${router}`, async () => (await this.at(router).total()) === count, boundMs);
    return this.at(router).routes();
  }

  async prefixesAt(router: Router): Promise<readonly string[]> {
    return (await this.at(router).routes()).map((route) => route.prefix);
  }

  async counts() {
    const [r1, r2] = await Promise.all([this.at('r1').count(), this.at('r2').count()]);
    return { r1, r2 };
  }

  /** What r1 and r2 have heard since, while other peers came and went: nothing, or the same once more and no withdrawal. */
  async unmoved(before: Awaited<ReturnType<Stage['counts']>>, ...routers: readonly Router[]): Promise<void> {
    const after = await this.counts();
    for (const router of routers) {
      if (!this.under.resends) expect(after[router]).toEqual(before[router]);
      // A session that had ended would count from the beginning.
      expect(after[router].updates).toBeGreaterThanOrEqual(before[router].updates);
      expect(after[router].withdraws).toBe(before[router].withdraws);
    }
  }

  /** Everything asked for so far has reached both routers: a marker announced now has arrived there, and left. Counts as one announcement and one withdrawal. */
  async settled(): Promise<void> {
    const shown = (wanted: boolean) => async (): Promise<boolean> => {
      const seen = await Promise.all((['r1', 'r2'] as const).map((router) => this.prefixesAt(router)));
      return seen.every((prefixes) => prefixes.includes(MARKER) === wanted);
    };
    await this.speaker.apply([announce(path(MARKER))]);
    await until('the marker', shown(true));
    await this.speaker.apply([withdraw(MARKER)]);
    await until('the marker gone', shown(false));
  }
}
