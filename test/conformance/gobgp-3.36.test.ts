import { conformanceOf } from './gobgp.js';

conformanceOf('3.36.0');
