import { fnv1a, sysctlPath } from '../../src/model/naming.js';

test('settings are sysctl(8)’s: a slash is a dot in a name', () => {
  expect(sysctlPath('net.ipv4.conf.eth1/100.rp_filter')).toBe('/proc/sys/net/ipv4/conf/eth1.100/rp_filter');
});

// Vectors of draft-eastlake-fnv, and one whose letters take two bytes and four in UTF-8.
test.each([
  ['', 0x811c9dc5],
  ['a', 0xe40c292c],
  ['foobar', 0xbf9cf968],
  ['é𝄞', 0x36013aac],
])('FNV-1a of %j', (text, hash) => expect(fnv1a(text)).toBe(hash));
