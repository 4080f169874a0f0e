import { sysctlPath } from '../../src/model/naming.js';

test('settings are sysctl(8)’s: a slash is a dot in a name', () => {
  expect(sysctlPath('net.ipv4.conf.eth1/100.rp_filter')).toBe('/proc/sys/net/ipv4/conf/eth1.100/rp_filter');
});
