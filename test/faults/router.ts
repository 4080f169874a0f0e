/** The site's router, as a BIRD in a namespace of its own at the far end of the uplink; asked over its control socket. */
import { birdc } from '../drivers/speaker/birdc.js';
import { until } from '../drivers/speaker/until.js';
import type { Anchor } from '../kernel-anchor.js';

const CONFIGURATION = `
router id 198.18.1.1;
protocol device {}
protocol bgp speaker {
  local 198.18.1.1 as 64500;
  neighbor 198.18.1.11 as 64500;
  connect retry time 1; connect delay time 1; error wait time 1, 1; error forget time 1;
  ipv4 { import all; export none; };
  ipv6 { import all; export none; };
}
`;

export type Heard = 'full' | 'degraded' | 'withdrawn';

export interface Router {
  /** What it holds of a prefix. */
  heard(prefix: string): Promise<Heard>;
  /** UPDATEs and withdrawals that came in since the session came up. */
  messages(): Promise<number>;
}

/** Lays the uplink, `eth1` with 198.18.1.11, and starts the router behind it. It ends with the anchor. */
export async function startRouter(anchor: Anchor): Promise<Router> {
  const { code, stderr } = await anchor.exec.run(
    [
      'sh',
      '-ec',
      `ip netns add router; ip link add eth1 type veth peer name far netns router
     ip addr add 198.18.1.11/24 dev eth1; ip link set eth1 up
     ip -n router link set lo up; ip -n router addr add 198.18.1.1/24 dev far; ip -n router link set far up
     cat >/run/bird.conf; ip netns exec router bird -c /run/bird.conf -s /run/bird.ctl -P /run/bird.pid`,
    ],
    { input: CONFIGURATION },
  );
  if (code !== 0) throw new Error(stderr);
  const socket = `/proc/${anchor.pid}/root/run/bird.ctl`;
  await until('bird', async () => (await birdc(socket, 'show status')).includes('up and running'));
  return {
    heard: async (prefix) => {
      const shown = await birdc(socket, `show route for ${prefix} all`);
      if (!shown.includes(`${prefix} `)) return 'withdrawn';
      return shown.includes('(65535,0)') ? 'degraded' : 'full';
    },
    messages: async () => {
      const shown = await birdc(socket, 'show protocols all speaker');
      const counts = [...shown.matchAll(/Import (?:updates|withdraws):\s+(\d+)/g)];
      return counts.reduce((sum, [, count]) => sum + Number(count), 0);
    },
  };
}
