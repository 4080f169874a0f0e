/** Texts as ExaBGP 4.2.21 printed them. */
import { address, prefix } from '../../../../src/model/address.js';
import { readHeld, readNeighbors, readSessions } from '../../../../src/drivers/speaker/exabgp/show.js';

const R1 = address('198.18.1.1');

const CONFIGURATION = `neighbor 198.18.1.1 {
  description "culvert";
  router-id 198.18.1.11;
  host-name ams-s1;
  domain-name lab;
  local-address 198.18.1.11;
  local-as 64500;
  peer-as 64510;
  hold-time 9;
  rate-limit disable;
  manual-eor false;

  passive false;
  group-updates true;
  auto-flush true;
  adj-rib-in false;
  adj-rib-out true;
  md5-password "blue whale #1";
  md5-base64 false;
  md5-ip "198.18.1.11";
  outgoing-ttl 4;
  capability {
    asn4 enable;
    route-refresh disable;
    graceful-restart disable;
    nexthop disable;
    add-path disable;
    multi-session disable;
    operational disable;
    aigp disable;
  }
  family {
    ipv4 unicast;
    ipv6 unicast;
  }
  nexthop {
  }
  add-path {
  }
  api {
    processes [ culvert ];
    neighbor-changes;
    send {
      parsed;
      update;
    }
  }
}`.split('\n');

test('a neighbour as it is configured', () => {
  expect(readNeighbors(CONFIGURATION)).toEqual([
    {
      localAsn: 64_500,
      routerId: '198.18.1.11',
      ours: true,
      peer: {
        ...{ address: R1, asn: 64_510, localAddress: '198.18.1.11', families: [4, 6] },
        ...{ hold: 9, keepalive: 3, password: 'blue whale #1', ttlSecurity: false },
        ...{ gracefulRestart: 0, passive: false, multihop: 4, maxPrefix: {} },
      },
    },
  ]);
});

test('two neighbours, one of somebody else', () => {
  const other = CONFIGURATION.join('\n')
    .replace('neighbor 198.18.1.1 ', 'neighbor 198.18.1.2 ')
    .replace('description "culvert"', 'description "None"')
    .replace(/ {2}(md5-password|outgoing-ttl) .*\n/g, '')
    .replace('    ipv6 unicast;\n', '');
  const [, second] = readNeighbors([...CONFIGURATION, ...other.split('\n')]);
  expect(second).toMatchObject({ ours: false, peer: { address: '198.18.1.2', families: [4], multihop: 0 } });
  expect(second?.peer).not.toHaveProperty('password');
});

test('no neighbours', () => {
  expect(readNeighbors([])).toEqual([]);
  expect(readSessions([])).toEqual(new Map());
  expect(readHeld([])).toEqual({ routes: new Map(), strange: [] });
});

test.each(['local-as', 'router-id', 'hold-time'])('without %s it is not understood', (key) => {
  const lines = CONFIGURATION.filter((line) => !line.trim().startsWith(`${key} `));
  expect(() => readNeighbors(lines)).toThrow(/not understood/);
});

const SESSIONS = `Neighbor 198.18.1.1

  Session                         Local
   local                    198.18.1.11                                
   state                    established                                
   up for               0:00:04                                

  Setup                           Local          Remote
   AS                             64500           64510                
   ID                       198.18.1.11     198.18.1.11                
   hold-time                          9               9                

  Capability                      Local          Remote
   asn4:                        enabled         enabled                

  Families                        Local          Remote        Add-Path
   ipv4 unicast:                enabled         enabled        disabled
   ipv6 unicast:                enabled        disabled        disabled

  Message Statistic                Sent        Received
   open:                              1               1                
   update:                            3               2                
`.split('\n');

test('a session, with what both ends carry', () => {
  expect(readSessions(SESSIONS)).toEqual(new Map([[R1, { state: 'established', negotiated: [4] }]]));
});

test('a state that nobody knows', () => {
  const lines = SESSIONS.map((line) => line.replace('established', 'dreaming'));
  expect(readSessions(lines).get(R1)?.state).toBe('unknown');
});

const NAME = 'neighbor 198.18.1.1 local-ip 198.18.1.11 local-as 64500 peer-as 64510 router-id 198.18.1.11';

test('routes by neighbour, and what is none', () => {
  const lines = [
    `${NAME} family-allowed in-open ipv4 unicast 203.0.113.0/24 next-hop 198.18.1.11 origin igp as-path [ 64512 ]`,
    `${NAME} family-allowed in-open ipv6 unicast 2001:db8:acf::/48 next-hop 2001:db8:1::11 origin igp`,
    `${NAME} family-allowed in-open ipv4 flow flow destination-ipv4 203.0.113.0/24`,
    'something else',
  ];
  const { routes, strange } = readHeld(lines);
  expect([...routes.keys()]).toEqual([R1]);
  expect([...routes.get(R1)!]).toEqual([
    [prefix('203.0.113.0/24'), 'next-hop 198.18.1.11 origin igp as-path [ 64512 ]'],
    [prefix('2001:db8:acf::/48'), 'next-hop 2001:db8:1::11 origin igp'],
  ]);
  expect(strange).toEqual(lines.slice(2));
});
