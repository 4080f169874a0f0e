import { installed } from '../drivers/speaker/releases.js';
import { gobgpUnderTest } from './gobgp.js';
import { conformance } from './suite.js';

// The one that the lab runs: 3.10 on Debian 12.
conformance(gobgpUnderTest(installed()));
