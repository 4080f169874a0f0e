import { conformanceOf } from './gobgp.js';

conformanceOf('4.8.0');
