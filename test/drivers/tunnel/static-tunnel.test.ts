import { parseStaticTunnel } from '../../../src/drivers/tunnel/tun/static-tunnel.js';

test('a fixed tunnel as text', () => {
  expect(
    parseStaticTunnel(
      'name=gre1,local=198.51.100.66,remote=192.0.2.1,key=7,mtu=1400,address=10.255.0.1/31,address=2001:db8::1/64',
    ),
  ).toMatchObject({
    name: 'gre1',
    local: '198.51.100.66',
    remote: '192.0.2.1',
    key: 7,
    mtu: 1400,
    addresses: [
      { address: '10.255.0.1', length: 31 },
      { address: '2001:db8::1', length: 64 },
    ],
  });
});

test('the MTU leaves room for the outer header unless it is given', () => {
  expect(parseStaticTunnel('name=gre1,local=198.51.100.66,remote=192.0.2.1')).toMatchObject({
    mtu: 1476,
    addresses: [],
  });
});

test.each([
  ['local=198.51.100.66,remote=192.0.2.1', 'name is not a device name of 1 to 15 characters'],
  ['name=gre-longer-than-15,local=198.51.100.66,remote=192.0.2.1', 'name is not a device name'],
  ['name=a b,local=198.51.100.66,remote=192.0.2.1', 'name is not a device name'],
  ['name=gre1,remote=192.0.2.1', 'local is not an IPv4 address'],
  ['name=gre1,local=2001:db8::1,remote=192.0.2.1', 'local is not an IPv4 address'],
  ['name=gre1,local=198.51.100.66,remote=192.0.2', 'remote is not an IPv4 address'],
  ['name=gre1,local=198.51.100.66,remote=192.0.2.1,mtu=67', 'mtu is not 68 to 65507'],
  ['name=gre1,local=198.51.100.66,remote=192.0.2.1,key=-1', 'key is not 0 to 4294967295'],
  ['name=gre1,local=198.51.100.66,remote=192.0.2.1,address=10.0.0.1', 'address 10.0.0.1 is not address/length'],
  ['name=gre1,name=gre2,local=198.51.100.66,remote=192.0.2.1', 'name stands there twice'],
  ['name=gre1,colour=red', '"colour=red" is none of name, local, remote, key, mtu, address'],
])('%s is refused', (text, problem) => {
  expect(() => parseStaticTunnel(text)).toThrow(problem);
  expect(() => parseStaticTunnel(text)).toThrow('write for example name=gre1,');
});
