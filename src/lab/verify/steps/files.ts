/** (f) FTP and (g) the same over IPv6: 20 MB down and up, byte for byte. */
import { ACME, ACME_ROUTERS, SERVERS, SITES } from '../acme.js';
import { measuring, type Instrument } from '../counting.js';
import { expect, type Field } from '../field.js';
import type { Step } from '../step.js';

const FILE_BYTES = 20_000_000;
/** Outer header 20, GRE 4: an inner packet above 1400 bytes. */
const LARGE_GRE = 'ip protocol gre ip length > 1424';
/** Where vsftpd keeps its files, in acme-ftp. */
const ROOT = '/srv/ftp';

const instruments: readonly Instrument[] = [
  ...ACME_ROUTERS.map((node) => ({
    node,
    chains: `chain arrived { type filter hook prerouting priority -400; ${LARGE_GRE} counter name large }`.replace(
      'large }',
      'large; }',
    ),
  })),
  ...SERVERS.map((node) => ({
    node,
    chains: `chain returning { type filter hook prerouting priority -400;
ip saddr ${ACME.v4} counter name returned
ip6 saddr ${ACME.v6} counter name returned
}`,
  })),
];

const sumOf = (field: Field, node: string, path: string): Promise<string> =>
  field.shell(node, `sha256sum ${path} | cut -d' ' -f1`, { timeoutMs: 60_000 }).then((text) => text.trim());

async function transfer(field: Field, host: string): Promise<void> {
  const limit = field.slow ? 600 : 60;
  const original = await sumOf(field, ACME.server, `${ROOT}/pub/20m`);
  await measuring(field, instruments, async (packets) => {
    for (const { user } of SITES) {
      const began = field.clock.now();
      await field.shell(user, `curl -sS --globoff --max-time ${limit} -o /tmp/20m 'ftp://${host}/pub/20m'`, {
        timeoutMs: limit * 1000,
      });
      expect((await sumOf(field, user, '/tmp/20m')) === original, `${user}: the download differs`);
      field.say(`${user} downloaded 20 MB at ${rate(field.clock.now() - began)}, identical`);
    }
    for (const server of SERVERS) {
      const returned = await packets(server, 'returned');
      expect(returned === 0, `${returned} packets from Acme came back through ${server}`);
    }
    field.say('downloads returned directly, past our servers');
    const largeBefore = await largeCount(packets);
    for (const { user } of SITES) {
      const name = `${user}-${host.includes(':') ? 'v6' : 'v4'}`;
      const began = field.clock.now();
      await field.shell(user, `curl -sS --globoff --max-time ${limit} -T /tmp/20m 'ftp://${host}/up/${name}'`, {
        timeoutMs: limit * 1000,
      });
      const took = field.clock.now() - began;
      expect((await sumOf(field, ACME.server, `${ROOT}/up/${name}`)) === original, `${user}: the upload differs`);
      await field.shell(ACME.server, `rm ${ROOT}/up/${name}`);
      await field.shell(user, 'rm /tmp/20m');
      field.say(`${user} uploaded 20 MB at ${rate(took)}, identical`);
    }
    const large = (await largeCount(packets)) - largeBefore;
    field.say(`${large} GRE packets with more than 1400 bytes inside arrived during the uploads`);
    expect(large >= 10_000, `only ${large} large GRE packets arrived`);
  });
}

const largeCount = async (packets: (node: string, counter: string) => Promise<number>): Promise<number> =>
  (await packets('acme-r1', 'large')) + (await packets('acme-r2', 'large'));

const rate = (tookMs: number): string => `${(FILE_BYTES / 1e6 / (tookMs / 1000)).toFixed(0)} MB/s`;

export const ftp: Step = {
  letter: 'f',
  title: '20 MB by passive FTP, down and up, from both users, byte-identical; uploads in full-size GRE packets',
  story: 'protected',
  play: (field) => transfer(field, ACME.v4),
};

export const ftp6: Step = {
  letter: 'g',
  title: 'the same over IPv6, inside IPv4 GRE',
  story: 'protected',
  play: (field) => transfer(field, `[${ACME.v6}]`),
};
