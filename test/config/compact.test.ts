import { compact } from '../../src/config/compact.js';
import type { Fleet } from '../../src/model/fleet.js';
import { acme, acmeFleet, globex } from '../acme.js';

const everything: Fleet = {
  ...acmeFleet,
  customers: [
    {
      ...acme,
      prefixes: acme.prefixes.map((own, n) => (n === 0 ? { ...own, advertise: false, onDemand: true } : own)),
      routes: acme.routes.map((own, n) => ({ ...own, ...(n === 0 ? { sites: ['ams'] } : { regions: ['eu'] }) })),
    },
    globex,
  ],
};

test('a compact fleet says the same, key for key', () => {
  const copy = JSON.parse(JSON.stringify(everything)) as Fleet;
  expect(compact(copy)).toStrictEqual(copy);
});
