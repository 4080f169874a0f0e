/** Culvert as an operator runs it: gobgpd, guard and agent, with a fleet of its own. */
import { resolve } from 'node:path';
import { guardClient } from '../../src/local/guard-client.js';
import type { GuardClient } from '../../src/ports/guard.js';
import { ASN, type Rig, ROUTER, SERVER } from './failover-rig.js';
import { type Service, TIMINGS } from './failover-services.js';

export const COVERING = '192.0.2.0/24';
const CLI = resolve('dist/main/cli.js');
const TUND = resolve('dist/main/tund.js');

export interface Leased {
  readonly leaseMs: number;
}

const fleetHead = ({ leaseMs }: Leased): string => `allowReserved: true
provider: { asn: ${ASN}, endpoints: { gre4: 192.0.2.1 }, covering: [${COVERING}], icmpSource: { v4: 192.0.2.2 } }
safety: { lease: ${leaseMs}ms }
sites:
  ams:
    region: eu
    routers: { ams-r1: { asn: ${ASN}, v4: ${ROUTER} } }
    servers: { ams-s1: { v4: ${SERVER}, uplinks: [eth1] } }
customers:
`;

const CUSTOMER_ROUTER = '198.51.100.66';

interface CustomerPlan {
  readonly name: string;
  readonly prefixes: readonly string[];
  /** The `checks:` of the fleet file. */
  readonly checks?: string;
}

/** Customers behind one router, their tunnels told apart by keys that count from 1. */
function fleetOf(customers: readonly CustomerPlan[], { leaseMs }: Leased): string {
  const entries = customers.map(({ name, prefixes, checks = '{}' }, index) => {
    const listed = prefixes.map((prefix) => `{ prefix: ${prefix}, advertise: true }`).join(', ');
    const routes = prefixes.map((prefix) => `{ prefix: ${prefix}, tunnel: us }`).join(', ');
    const tunnel = `{ remote: ${CUSTOMER_ROUTER}, key: ${index + 1}, inner: 10.255.0.0/31, mtu: 1472 }`;
    return `  ${name}:
    asn: ${asnOf(index)}
    prefixes: [${listed}]
    tunnels: { us: ${tunnel} }
    routes: [${routes}]
    checks: ${checks}
`;
  });
  return fleetHead({ leaseMs }) + entries.join('');
}

/** One customer per service, each governed by its own tcp check. */
export const fleetOfServices = (services: readonly Service[], leased: Leased): string =>
  fleetOf(
    services.map(({ port, prefix, timing }) => {
      const { intervalMs, fall } = TIMINGS[timing];
      const check = `{ type: tcp, target: 127.0.0.1, port: ${port}, interval: ${intervalMs}ms, rise: 1, fall: ${fall} }`;
      return { name: `c${port}`, prefixes: [prefix], checks: `{ service: ${check} }` };
    }),
    leased,
  );

export const TUNNELLED = '10.200.0.0/24';

/** One customer, whose prefix needs all that Culvert builds: namespace, veth pair, tunnel, rule, endpoint. */
export const fleetOfOne = (leased: Leased): string => fleetOf([{ name: 'one', prefixes: [TUNNELLED] }], leased);

const PREFIXES_EACH = 1_000;
export const customersFor = (prefixes: number): number => Math.ceil(prefixes / PREFIXES_EACH);

/** Neighbouring /24s by customer, the longest that are announced; 10.0.0.0/8 has too few of them. */
export const manyPrefixes = (prefixes: number): readonly (readonly string[])[] => {
  const all = Array.from({ length: prefixes }, (_, n) => `${20 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}.0/24`);
  return Array.from({ length: customersFor(prefixes) }, (_, c) =>
    all.slice(c * PREFIXES_EACH, (c + 1) * PREFIXES_EACH),
  );
};

export const fleetOfMany = (prefixes: number, leased: Leased): string =>
  fleetOf(
    manyPrefixes(prefixes).map((own, c) => ({ name: `c${c}`, prefixes: own })),
    leased,
  );

/** Of the customer with this number. */
export const asnOf = (customer: number): number => 64_600 + customer;

export const guardOf = (rig: Rig): GuardClient => guardClient(rig.path('culvert/guard.sock'));

export type Role = 'guard' | 'agent';

export function start(rig: Rig, role: Role): void {
  const own = role === 'agent' ? ['--lab', '--tunnels', 'auto'] : [];
  const words = ['--fleet', '/run/fleet.yaml', '--server', 'ams-s1', '--state-dir', '/run/state', ...own];
  rig.background(`${role}.log`, process.execPath, CLI, role, ...words);
}

export const signal = (rig: Rig, name: 'KILL' | 'STOP' | 'CONT' | 'TERM', role: Role): Promise<number> =>
  rig.run(`pkill -${name} -f '^[^ ]*node [^ ]*cli.js ${role}'`);

/** gobgpd and guard, and the session. */
export async function startSpeaker(
  rig: Rig,
  fleet: string,
  { withinMs = 60_000, program = 'gobgpd' }: { readonly withinMs?: number; readonly program?: string } = {},
): Promise<void> {
  await rig.write('fleet.yaml', fleet, 0o644);
  const options = ['--api-hosts', 'unix:///run/culvert/gobgpd.sock', '--pprof-disable', '-p', '-l', 'warn'];
  rig.background('gobgpd.log', program, ...options);
  start(rig, 'guard');
  await rig.until('the session', () => rig.established(SERVER), withinMs);
}

/** All of it, with the other ends of `tunnels` tunnels. */
export async function startCulvert(rig: Rig, fleet: string, tunnels: number, withinMs?: number): Promise<void> {
  await startCustomerRouter(rig, tunnels);
  rig.background('tund.log', process.execPath, TUND, '--socket', '/run/culvert/tund.sock');
  const speaker = startSpeaker(rig, fleet, withinMs === undefined ? {} : { withinMs });
  start(rig, 'agent');
  await speaker;
}

/** Beside the site's router; it answers probes by itself. */
async function startCustomerRouter(rig: Rig, tunnels: number): Promise<void> {
  await rig.shell(`ip -n router addr add ${CUSTOMER_ROUTER}/32 dev lo
    ip -n router route add 192.0.2.1/32 via ${SERVER}
    ip route add ${CUSTOMER_ROUTER}/32 via ${ROUTER}`);
  const ends = Array.from({ length: tunnels }, (_, n) => [
    '--static',
    `name=gre${n + 1},local=${CUSTOMER_ROUTER},remote=192.0.2.1,key=${n + 1},mtu=1472`,
  ]).flat();
  rig.background('customer.log', 'ip', 'netns', 'exec', 'router', process.execPath, TUND, ...ends);
}
