/** ExaBGP's healthcheck, and keepalived with the gobgp command line, as their documentation has them used. */
import { existsSync } from 'node:fs';
import { ASN, pause, type Rig, ROUTER, SERVER } from './failover-rig.js';
import { type Service, TIMINGS } from './failover-services.js';

export const isThere = (program: string): boolean =>
  ['/usr/sbin', '/usr/bin', '/sbin', '/bin'].some((folder) => existsSync(`${folder}/${program}`));

function exabgpConfiguration(services: readonly Service[]): string {
  const processes = services.map(({ port, prefix, timing }) => {
    const { intervalMs, fall } = TIMINGS[timing];
    const interval = intervalMs / 1_000;
    const words = [
      `run /usr/bin/python3 -m exabgp healthcheck --no-syslog --name s${port} --ip ${prefix} --no-ip-setup`,
      `--next-hop ${SERVER} --interval ${interval} --fast-interval ${interval} --rise 1 --fall ${fall} --timeout 1`,
      `--withdraw-on-down --command "/run/look ${port}";`,
    ];
    return `process s${port} { ${words.join(' ')} encoder text; }`;
  });
  const names = services.map(({ port }) => `s${port}`).join(', ');
  return `${processes.join('\n')}
neighbor ${ROUTER} {
  router-id ${SERVER}; local-address ${SERVER}; local-as ${ASN}; peer-as ${ASN};
  family { ipv4 unicast; }
  api { processes [ ${names} ]; }
}
`;
}

/** The cheapest look at a TCP port that a shell has: no packet beyond the handshake. */
const look = (rig: Rig): Promise<void> => rig.write('look', `#!/bin/bash\n:</dev/tcp/127.0.0.1/$1\n`);

export async function startExabgp(rig: Rig, services: readonly Service[]): Promise<void> {
  await look(rig);
  await rig.write('exabgp.conf', exabgpConfiguration(services));
  const settings = ['exabgp.daemon.user=root', 'exabgp.log.level=ERR', 'exabgp.api.cli=false'];
  rig.background('exabgp.log', 'env', ...settings, '/usr/sbin/exabgp', '/run/exabgp.conf');
  await rig.until('the session', () => rig.established(SERVER), 30_000);
}

/** keepalived's interval is in whole seconds: the services with a shorter one are not for it. */
export const forKeepalived = (services: readonly Service[]): readonly Service[] =>
  services.filter(({ timing }) => TIMINGS[timing].intervalMs % 1_000 === 0);

function keepalivedConfiguration(services: readonly Service[]): string {
  const blocks = services.map(({ port, prefix, timing }, index) => {
    const { intervalMs, fall } = TIMINGS[timing];
    const notify = (verb: string): string => `"/run/route ${verb} ${prefix}"`;
    return `
vrrp_script s${port} { 
  script "/run/look ${port}"
  interval ${intervalMs / 1_000}
  timeout 1
  fall ${fall}
  rise 1
  init_fail
}
vrrp_instance v${port} {
  state BACKUP
  interface eth1
  virtual_router_id ${index + 1}
  priority 100
  advert_int 0.1
  virtual_ipaddress {
    ${prefix.replace('.0/', '.1/')} dev eth1
  }
  track_script { 
    s${port} 
  }
  notify_master ${notify('add')}
  notify_fault ${notify('del')}
}`;
  });
  return `global_defs {\n  script_user root\n  enable_script_security\n  vrrp_version 3\n}\n${blocks.join('\n')}\n`;
}

const GOBGP = 'gobgp --target unix:///run/peer.sock';

const gobgpdConfiguration = (address: string): string => `
[global.config]
  as = ${ASN}
  router-id = "${address}"
  port = -1
[[neighbors]]
  [neighbors.config]
    neighbor-address = "${ROUTER}"
    peer-as = ${ASN}
  [neighbors.transport.config]
    local-address = "${address}"
  [neighbors.timers.config]
    connect-retry = 1
`;

/** A gobgpd as its manual has it, with one session from `address`; its socket is /run/peer.sock. */
export async function startGobgpd(rig: Rig, address: string, program = 'gobgpd'): Promise<void> {
  await rig.write('gobgpd.toml', gobgpdConfiguration(address));
  const options = ['--api-hosts', 'unix:///run/peer.sock', '--pprof-disable', '-p', '-l', 'warn'];
  rig.background('peer-gobgpd.log', program, '-f', '/run/gobgpd.toml', ...options);
  await rig.until('the session', () => rig.established(address), 30_000);
}

export async function startKeepalived(rig: Rig, services: readonly Service[]): Promise<void> {
  await look(rig);
  await rig.write('route', `#!/bin/sh\nexec ${GOBGP} global rib "$1" "$2" nexthop ${SERVER}\n`);
  await startGobgpd(rig, SERVER);
  await rig.write('keepalived.conf', keepalivedConfiguration(services), 0o644);
  const options = ['--dont-fork', '--log-console', '--vrrp', '-f', '/run/keepalived.conf'];
  rig.background('keepalived.log', '/usr/sbin/keepalived', ...options);
  await pause(100);
}
