/** (h) packet too big, MSS, and uploads with ICMP filtered. */
import { ACME, ACME_ROUTERS, SITES } from '../acme.js';
import { measuring, type Instrument } from '../counting.js';
import { expect, type Field } from '../field.js';
import { bird } from '../routing.js';
import type { Step } from '../step.js';

/** nft table and chain in Acme's routers that clamp the MSS of SYN-ACKs; see lab/acme. */
const CLAMP = { table: 'clamp', chain: 'egress' } as const;

const mssAtUser: Instrument = {
  node: 'user-eu',
  chains: `chain synack { type filter hook input priority -400;
meta nfproto ipv4 tcp flags & (syn|ack) == syn|ack tcp option maxseg size <= 1436 counter name fits4
meta nfproto ipv4 tcp flags & (syn|ack) == syn|ack tcp option maxseg size > 1436 counter name big4
meta nfproto ipv6 tcp flags & (syn|ack) == syn|ack tcp option maxseg size <= 1416 counter name fits6
meta nfproto ipv6 tcp flags & (syn|ack) == syn|ack tcp option maxseg size > 1416 counter name big6
}`,
};

/** All ICMP but neighbour discovery, without which IPv6 has no links. */
const NO_ICMP: Instrument = {
  node: 'user-eu',
  chains: `chain noicmp { type filter hook input priority -390;
ip protocol icmp counter name filtered drop
icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request, echo-reply } counter name filtered drop
}`,
};

export const mtu: Step = {
  letter: 'h',
  title:
    'frag-needed and too-big reach the user; SYN-ACKs are clamped; uploads survive without ICMP, and hang without the clamp',
  story: 'protected',
  async play(field) {
    await tooBig(field, 4);
    await tooBig(field, 6);
    await clamped(field);
    await forgetPaths(field);
    await measuring(field, [NO_ICMP], async () => {
      for (const host of [ACME.v4, `[${ACME.v6}]`]) {
        const { code, stdout } = await upload(field, host, 60);
        expect(code === 0, `with ICMP filtered the upload to ${host} ended with ${code} after ${stdout} bytes`);
      }
      field.say('uploads complete with all ICMP dropped at the user');
    });
    await withoutClamp(field, async () => {
      await measuring(field, [NO_ICMP], async () => {
        const { code, stdout } = await upload(field, ACME.v4, field.slow ? 40 : 4);
        field.say(
          `without the clamp and without ICMP the upload hangs: ${stdout.trim()} of 4000000 bytes, curl ${code}`,
        );
        expect(
          code === 28 && Number(stdout) < 4_000_000,
          `without the clamp the upload ended with ${code} after ${stdout} bytes; it should hang`,
        );
      });
    });
    await forgetPaths(field);
  },
};

async function tooBig(field: Field, family: 4 | 6): Promise<void> {
  await forgetPaths(field);
  const to = family === 4 ? ACME.v4 : ACME.v6;
  const payload = 1500 - (family === 4 ? 28 : 48);
  const { stdout } = await field.attempt('user-eu', [
    'ping',
    `-${family}`,
    '-M',
    'do',
    '-s',
    String(payload),
    '-c',
    '2',
    '-i',
    '0.3',
    '-W',
    '2',
    to,
  ]);
  const told =
    /From ([\da-f.:]+?):? icmp_seq=\d+ (?:Frag needed and DF set \(mtu = (\d+)\)|Packet too big: mtu=(\d+))/.exec(
      stdout,
    );
  expect(told !== null, `no answer to a 1500-byte packet: ${stdout.trim().replaceAll('\n', ' | ')}`);
  const [, from = '', mtu4, mtu6] = told;
  field.say(`1500 bytes to ${to}: "too big, ${mtu4 ?? mtu6}" from ${from}`);
  const route = await bird(field, 'isp-eu', 'show', 'route', 'for', from);
  expect(/BGP|unicast|via/.test(route), `isp-eu has no route to ${from}`);
}

async function clamped(field: Field): Promise<void> {
  await measuring(field, [mssAtUser], async (packets) => {
    for (const host of [ACME.v4, `[${ACME.v6}]`])
      await field.shell('user-eu', `curl -sS --globoff --max-time 20 -o /dev/null 'ftp://${host}/pub/'`);
    for (const [family, bound] of [
      ['4', 1436],
      ['6', 1416],
    ] as const) {
      const [fits, big] = [await packets('user-eu', `fits${family}`), await packets('user-eu', `big${family}`)];
      field.say(`IPv${family}: ${fits} SYN-ACKs with MSS up to ${bound}, ${big} above`);
      expect(fits > 0 && big === 0, `IPv${family}: ${big} SYN-ACKs with MSS above ${bound}, ${fits} within`);
    }
  });
}

/** 4 MB up; resolves to curl's exit code (28: timed out) and the bytes that left. */
function upload(
  field: Field,
  host: string,
  seconds: number,
): Promise<{ readonly code: number; readonly stdout: string }> {
  const script = `head -c 4000000 /dev/zero | curl -sS --globoff --max-time ${seconds} -o /dev/null -w '%{size_upload}' -T - 'ftp://${host}/up/mtu-${Math.round(field.clock.now())}'`;
  return field.attempt('user-eu', ['sh', '-c', script], { timeoutMs: (seconds + 10) * 1000 });
}

async function withoutClamp(field: Field, during: () => Promise<void>): Promise<void> {
  const saved = await Promise.all(
    ACME_ROUTERS.map((router) => field.run(router, ['nft', 'list', 'table', 'inet', CLAMP.table])),
  );
  try {
    for (const router of ACME_ROUTERS)
      await field.run(router, ['nft', 'flush', 'chain', 'inet', CLAMP.table, CLAMP.chain]);
    await during();
  } finally {
    for (const [index, router] of ACME_ROUTERS.entries()) {
      await field.run(router, ['nft', '-f', '-'], { input: `delete table inet ${CLAMP.table}\n${saved[index] ?? ''}` });
    }
    await field.shell(ACME.server, 'rm -f /srv/ftp/up/mtu-*');
  }
}

/** What hosts have learned about path MTUs would make the next measurement easier than it is. */
async function forgetPaths(field: Field): Promise<void> {
  for (const node of [...SITES.map(({ user }) => user), ACME.server]) {
    await field.run(node, ['ip', 'route', 'flush', 'cache']);
    await field.run(node, ['ip', '-6', 'route', 'flush', 'cache']);
  }
}
