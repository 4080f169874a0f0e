import { createEssentialChecks } from '../../../src/drivers/essential/essential.js';
import type { EssentialCheck } from '../../../src/model/essential.js';
import { address } from '../../../src/model/address.js';
import { KernelError } from '../../../src/ports/kernel.js';
import type { Rtnetlink } from '../../../src/ports/rtnetlink.js';
import { type Anchor, openAnchor, whyNoAnchor } from '../../kernel-anchor.js';

const missing = await whyNoAnchor();
if (missing !== undefined) console.warn(`essential checks are not tested here: ${missing}`);
const here = missing === undefined ? describe : describe.skip;

const ENDPOINT = address('192.0.2.1');
const CHECKS: readonly EssentialCheck[] = [
  { kind: 'links', netns: '', devices: ['eth1', 'eth2'] },
  { kind: 'address', netns: '', device: 'lo', address: ENDPOINT },
  { kind: 'links', netns: '', devices: ['cv-acme'] },
  { kind: 'links', netns: 'cv-acme', devices: ['gre-us'] },
];

here('essential checks on a kernel', () => {
  let anchor: Anchor;
  const sh = async (command: string): Promise<void> => {
    const { code, stderr } = await anchor.exec.run(['sh', '-ec', command]);
    if (code !== 0) throw new Error(stderr);
  };
  const looked = async (): Promise<readonly string[]> =>
    (await createEssentialChecks(anchor.rtnetlink).look(CHECKS)).map((finding) =>
      finding.state === 'good' ? 'good' : `${finding.state}: ${finding.detail}`,
    );

  beforeEach(async () => {
    anchor = await openAnchor();
    await sh(`
      for n in 1 2; do ip link add eth$n type veth peer name far$n; ip link set far$n up; done
      ip link set eth1 up
      ip address add 192.0.2.1/32 dev lo
      ip netns add cv-acme
      ip link add cv-acme type veth peer name edge0 netns cv-acme
      ip link set cv-acme up; ip -n cv-acme link set edge0 up
      ip -n cv-acme link add gre-us type veth peer name far; ip -n cv-acme link set far up
      ip -n cv-acme link set gre-us up`);
  });
  afterEach(() => anchor.close());

  it('who may not enter namespaces sees the machine itself', async () => {
    const barred: Rtnetlink = {
      ...anchor.rtnetlink,
      interfaces: async (namespaces) => {
        if (namespaces.some((name) => name !== '')) throw new KernelError('not-permitted', 'EPERM');
        return anchor.rtnetlink.interfaces(namespaces);
      },
    };
    const findings = await createEssentialChecks(barred).look(CHECKS);
    expect(findings.map(({ state }) => state)).toEqual(['good', 'good', 'good', 'unknown']);
  });

  it.each<[string, string, readonly string[]]>([
    ['everything is there', 'true', ['good', 'good', 'good', 'good']],
    ['the only uplink goes down', 'ip link set eth1 down', ['broken: eth1 is down, eth2 is down']],
    ['an uplink goes', 'ip link delete eth1', ['broken: eth1 is missing, eth2 is down']],
    ['another uplink comes first', 'ip link set eth2 up; ip link delete eth1', ['good']],
    ['the endpoint goes', 'ip address delete 192.0.2.1/32 dev lo', ['good', 'broken: 192.0.2.1 is missing on lo']],
    [
      'the inner end goes down: the outer has no carrier',
      'ip -n cv-acme link set edge0 down',
      ['good', 'good', 'broken: cv-acme is down', 'good'],
    ],
    [
      'a tunnel goes',
      'ip -n cv-acme link delete gre-us',
      ['good', 'good', 'good', 'broken: gre-us is missing in cv-acme'],
    ],
    [
      'the namespace goes, and its pair with it',
      'ip netns delete cv-acme; while [ -e /sys/class/net/cv-acme ]; do sleep 0.01; done',
      ['good', 'good', 'broken: cv-acme is missing', 'unknown: no namespace cv-acme'],
    ],
    [
      'the namespace only loses its name',
      'nsenter --net=/run/netns/cv-acme sh -c "echo in >/run/in; exec sleep 60" >/dev/null 2>&1 & until [ -s /run/in ]; do sleep 0.01; done; ip netns delete cv-acme',
      ['good', 'good', 'good', 'unknown: no namespace cv-acme'],
    ],
  ])('%s', async (_, change, expected) => {
    await sh(change);
    const found = await looked();
    expect(found.slice(0, expected.length)).toEqual(expected);
    for (const rest of found.slice(expected.length)) expect(rest).toBe('good');
  });
});

test('what cannot be read is unknown', async () => {
  const rtnetlink = {
    interfaces: () => Promise.reject(new KernelError('not-permitted', 'run as root')),
  } as unknown as Rtnetlink;
  const findings = await createEssentialChecks(rtnetlink).look(CHECKS);
  expect(findings).toEqual(CHECKS.map(() => ({ state: 'unknown', detail: 'run as root' })));
});
