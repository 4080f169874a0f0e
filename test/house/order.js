import { relative } from 'node:path';
import Sequencer from '@jest/test-sequencer';

/** Rooms with daemons: their files take longest. Begun last, one would keep a single worker busy at the end. */
const FIRST = ['conformance', 'faults', 'drivers', 'lab', 'main', 'routers'];

/** Room by room; within a room as Jest does it: those that took long the last time, or large ones. */
export default class Order extends Sequencer {
  sort(tests) {
    const rank = ({ path, context }) => {
      const [, room] = relative(context.config.rootDir, path).split('/');
      const at = FIRST.indexOf(room);
      return at === -1 ? FIRST.length : at;
    };
    return super.sort([...tests]).sort((a, b) => rank(a) - rank(b));
  }
}
