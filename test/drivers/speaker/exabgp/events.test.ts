/** Lines as ExaBGP 4.2.21 wrote them. */
import { readEvent } from '../../../../src/drivers/speaker/exabgp/events.js';

const told = (type: string, inside: string): string =>
  `{ "exabgp": "4.0.1", "time": 1764452300.1, "host" : "ams-s1", "pid" : 7, "ppid" : 1, "counter": 1, ` +
  `"type": "${type}", "neighbor": { "address": { "local": "198.18.1.11", "peer": "198.18.1.1" }, ` +
  `"asn": { "local": 64500, "peer": 64500 } , ${inside} } }`;

test.each([
  ['up', { kind: 'up', peer: '198.18.1.1' }],
  ['down', { kind: 'down', peer: '198.18.1.1' }],
  ['connected', { kind: 'nothing' }],
])('a session that is %s', (state, event) => {
  expect(readEvent(told('state', `"state": "${state}"`))).toEqual(event);
});

test('an UPDATE that went out, both ways', () => {
  const attribute =
    '"attribute": { "origin": "igp", "as-path": [ 64512 ], "confederation-path": [], "med": 0, ' +
    '"local-preference": 100, "community": [ [ 65535, 0 ], [ 64500, 7 ] ], "large-community": [ [ 64500, 1 , 11 ] ] }';
  const announce = '"announce": { "ipv4 unicast": { "198.18.1.11": [ { "nlri": "203.0.113.0/24" } ] } }';
  const withdraw = '"withdraw": { "ipv6 unicast": [ { "nlri": "2001:db8:acf::/48" } ] }';
  const line = told(
    'update',
    `"direction": "send", "message": { "update": { ${attribute}, ${announce}, ${withdraw} } }`,
  );
  const text =
    'next-hop 198.18.1.11 origin igp as-path [ 64512 ] med 0 local-preference 100 ' +
    'community [ 64500:7 65535:0 ] large-community 64500:1:11';
  expect(readEvent(line)).toEqual({
    kind: 'sent',
    peer: '198.18.1.1',
    announced: [['203.0.113.0/24', text]],
    withdrawn: ['2001:db8:acf::/48'],
  });
});

test('an End-of-RIB says nothing of any path', () => {
  const line = told('update', '"direction": "send", "message": { "eor": { "afi" : "ipv4", "safi" : "unicast" } }');
  expect(readEvent(line)).toEqual({ kind: 'sent', peer: '198.18.1.1', announced: [], withdrawn: [] });
});

test.each([
  ['{ "type": ', 'unreadable'],
  ['{ "type": "state" }', 'unreadable'],
  ['{}', 'nothing'],
  ['{ "type": "notification", "notification": "shutdown" }', 'nothing'],
])('%s is %s', (line, kind) => {
  expect(readEvent(line)).toEqual({ kind });
});
