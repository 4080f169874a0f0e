/**
 * What a guard that knows nothing has to be told at least: the daemon's paths,
 * in the form that it writes fastest, and its allow-list. In a process of its
 * own, with nothing else in it: `bare-listing.js SOCKET` prints
 * milliseconds, from connecting on.
 */
import { gobgp3 } from '../../src/drivers/speaker/gobgp/v3.js';
import { RawGobgp } from '../drivers/speaker/raw-gobgp.js';
import { monotonicMs } from './monotonic.js';

const [socket = ''] = process.argv.slice(2);
const { globalTable, prefixSet } = gobgp3.values;
const octets = { enable_attribute_binary: true, enable_only_binary: true };

const from = monotonicMs();
const daemon = new RawGobgp(`unix:${socket}`, 'protos', gobgp3);
await Promise.all([
  daemon.list('ListPath', { table_type: globalTable, family: { afi: 1, safi: 1 }, ...octets }),
  daemon.list('ListDefinedSet', { defined_type: prefixSet }),
]);
daemon.close();
process.stdout.write(`${monotonicMs() - from}\n`);
