import type { Exec } from '../../ports/exec.js';

/**
 * The same programs, run behind a prefix such as
 * `nsenter --target PID --net --mount`: another machine, as far as the caller
 * can tell. A program that is missing there ends with the prefix's own exit
 * status (127 for nsenter), not with `ExecError`.
 */
export function execInside(exec: Exec, prefix: readonly [string, ...string[]]): Exec {
  return {
    run: (argv, options) => exec.run([...prefix, ...argv], options),
    stream: (argv, handlers) => exec.stream([...prefix, ...argv], handlers),
  };
}
