import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const WRITABLE_BY_OTHERS = 0o022;
/** In a sticky folder others can neither remove nor rename what is root's. */
const STICKY = 0o1000;

/**
 * Why a file must not be run as root: somebody else may change it, or put
 * another in its place. `undefined` when it may be run.
 */
export function whyNotRun(path: string): string | undefined {
  try {
    const file = realpathSync(path);
    if (!statSync(file).isFile()) return `${path} is not a file`;
    for (let at = file; ; at = dirname(at)) {
      const { uid, mode } = statSync(at);
      const exempt = at !== file && (mode & STICKY) !== 0;
      if (uid !== 0) return `${at} belongs to user ${uid}; chown root ${at}, or it is not run`;
      if ((mode & WRITABLE_BY_OTHERS) !== 0 && !exempt) return `${at} can be changed by others; chmod go-w ${at}`;
      if (at === dirname(at)) return undefined;
    }
  } catch (error) {
    return `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}); install it, or correct command`;
  }
}
