import { isInScope, viewOf } from '../../src/model/fleet.js';
import { prefix } from '../../src/model/address.js';
import { amsS1 } from '../acme.js';

const AMS = { name: 'ams', region: 'eu' };

test.each([
  ['neither', {}, true],
  ['its site', { sites: ['sjc', 'ams'] }, true],
  ['another site', { sites: ['sjc'] }, false],
  ['its region', { regions: ['eu'] }, true],
  ['another region', { regions: ['us'] }, false],
  ['another site, its region', { sites: ['sjc'], regions: ['eu'] }, true],
  ['nothing at all', { sites: [], regions: [] }, false],
])('a route that names %s', (_, scope, counts) => expect(isInScope(scope, AMS)).toBe(counts));

test('a server sees the routes that count at its site, and every tunnel', () => {
  const { fleet } = amsS1();
  expect(viewOf(fleet, 'ams-s1')?.fleet).toBe(fleet);
  const customers = fleet.customers.map((customer) => ({
    ...customer,
    routes: customer.routes.map((route) =>
      route.prefix === prefix('203.0.113.0/24') ? { ...route, regions: ['us'] } : route,
    ),
  }));
  const acme = viewOf({ ...fleet, customers }, 'ams-s1')?.fleet.customers.find(({ name }) => name === 'acme');
  expect(acme?.routes.map((route) => route.prefix)).not.toContain('203.0.113.0/24');
  expect(acme?.routes.length).toBeGreaterThan(0);
  expect(acme?.tunnels).toBe(fleet.customers.find(({ name }) => name === 'acme')?.tunnels);
});
