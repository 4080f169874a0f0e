/** The machine's programs. */
import type { Exec } from '../../ports/exec.js';
import { run } from './run.js';
import { openStream } from './stream.js';

export const createExec = (): Exec => ({ run, stream: openStream });
