/**
 * 10,000 prefixes into one router through ExaBGP: by the guard's driver and
 * the bridge, and by bare feeds without acknowledgements: a line for each
 * route, which is how ExaBGP is usually told, and lines of a hundred prefixes.
 * From the first line until the router has them all; they take turns, each
 * time with a daemon and a router of its own.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createExabgpSpeaker } from '../../src/drivers/speaker/exabgp.js';
import { address, type Prefix, prefix } from '../../src/model/address.js';
import type { Path, Peer } from '../../src/model/path.js';
import { type Anchor, pidOf, startAnchor } from '../drivers/speaker/anchor.js';
import { startExabgpd } from '../drivers/speaker/exabgpd.js';
import { type Receiver, startReceiver } from '../drivers/speaker/receiver.js';
import { until } from '../drivers/speaker/until.js';
import type { Row } from './failover-figures.js';

const [SELF, ROUTER] = [address('198.18.1.11'), address('198.18.1.1')];
const ASN = 64_500;
const COUNT = 10_000;
const PREFIXES: readonly Prefix[] = Array.from({ length: COUNT }, (_, n) => prefix(`11.${n >> 8}.${n & 255}.0/24`));
const BOUND_MS = 60_000;

const path = (of: Prefix): Path => ({
  prefix: of,
  attributes: { asPath: [64_512], nextHop: SELF, med: 0, communities: [], largeCommunities: ['64500:1:11'] },
});
const PEER: Peer = {
  ...{ address: ROUTER, asn: ASN, localAddress: SELF, families: [4], hold: 90, keepalive: 30 },
  ...{ ttlSecurity: false, gracefulRestart: 0, passive: false, multihop: 0, maxPrefix: {} },
};

const arrived = async (router: Receiver): Promise<unknown> =>
  until('all prefixes', async () => (await router.total()) === COUNT, BOUND_MS);

/** Milliseconds until the router had everything. */
async function culvert(anchor: Anchor, router: Receiver): Promise<number> {
  const daemon = await startExabgpd(anchor);
  const speaker = createExabgpSpeaker({ socket: daemon.socket });
  try {
    await speaker.apply([
      { kind: 'start', asn: ASN, routerId: SELF, listenPort: -1 },
      { kind: 'install-barrier', allow: PREFIXES },
      { kind: 'add-peer', peer: PEER },
    ]);
    await until('the session', () => router.established(), BOUND_MS);
    const began = performance.now();
    await speaker.apply([{ kind: 'announce', paths: PREFIXES.map(path) }]);
    await arrived(router);
    return performance.now() - began;
  } finally {
    speaker.close();
    await daemon.stop();
  }
}

const IN_A_LINE = 100;
const ATTRIBUTES = `next-hop ${SELF} origin igp as-path [ 64512 ] med 0 local-preference 100 large-community 64500:1:11`;

const SINGLE = PREFIXES.map((of) => `announce route ${of} ${ATTRIBUTES}\n`).join('');
const BATCHED = Array.from({ length: COUNT / IN_A_LINE }, (_, n) =>
  PREFIXES.slice(n * IN_A_LINE, (n + 1) * IN_A_LINE).join(' '),
)
  .map((some) => `announce attributes ${ATTRIBUTES} nlri ${some}\n`)
  .join('');

type Side = (anchor: Anchor, router: Receiver) => Promise<number>;

const bare =
  (lines: string): Side =>
  async (anchor, router) => {
    const folder = await mkdtemp(join(tmpdir(), 'culvert-bare-exabgp-'));
    const [pipe, feed, configuration] = ['pipe', 'feed', 'exabgp.conf'].map((name) => join(folder, name));
    await anchor.run(['mkfifo', pipe ?? '']);
    await writeFile(feed ?? '', lines);
    await writeFile(
      configuration ?? '',
      `process feed { run /bin/cat ${pipe}; encoder text; }
neighbor ${ROUTER} {
  router-id ${SELF}; local-address ${SELF}; local-as ${ASN}; peer-as ${ASN}; hold-time 90;
  family { ipv4 unicast; }
  api { processes [ feed ]; }
}
`,
    );
    const settings = ['daemon_user=root', 'api_ack=false', 'api_cli=false', 'log_level=ERR'];
    const launcher = anchor.spawn(['env', ...settings.map((one) => `exabgp_${one}`), 'exabgp', configuration ?? '']);
    launcher.stdout?.resume();
    launcher.stderr?.resume();
    const pid = await pidOf(launcher);
    try {
      await until('the session', () => router.established(), BOUND_MS);
      const began = performance.now();
      // The pipe stays open: at its end ExaBGP would start the process again.
      const feeder = anchor.spawn(['sh', '-c', `exec 3>${pipe}; cat ${feed} >&3; exec sleep ${BOUND_MS / 1_000}`]);
      const feeding = await pidOf(feeder);
      await arrived(router);
      const took = performance.now() - began;
      process.kill(feeding, 'SIGKILL');
      return took;
    } finally {
      const gone = new Promise((resolve) => launcher.once('exit', resolve));
      process.kill(pid, 'SIGKILL');
      await gone;
      await rm(folder, { recursive: true, force: true });
    }
  };

async function once(side: Side): Promise<number> {
  const anchor = await startAnchor([`${ROUTER}/32`, `${SELF}/32`]);
  const ends = { local: ROUTER, localAsn: ASN, remote: SELF, remoteAsn: ASN, remotePort: 1790 };
  const router = await startReceiver(anchor, { ...ends, families: [4] });
  try {
    return await side(anchor, router);
  } finally {
    await router.stop();
    await anchor.stop();
  }
}

const OWN = 'guard, bridge, allow-list';
const SIDES: Readonly<Record<string, Side>> = {
  [OWN]: culvert,
  'bare feed, lines of 100': bare(BATCHED),
  'bare feed, a line each': bare(SINGLE),
};

export async function benchExabgp(rounds: number): Promise<readonly Row[]> {
  const took = new Map<string, number[]>(Object.keys(SIDES).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, side] of Object.entries(SIDES)) took.get(name)?.push(await once(side));
  }
  const what = `${COUNT} prefixes through ExaBGP → all at the router`;
  return [...took].map(([side, samples]) => ({
    ...{ what, side, samples },
    ...(side !== OWN && { culvert: took.get(OWN) ?? [] }),
  }));
}
