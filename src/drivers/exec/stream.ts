/** Children that live on and print lines. */
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import type { StreamHandle, StreamHandlers } from '../../ports/exec.js';

/** Between SIGTERM and SIGKILL. */
const GRACE_MS = 1_000;

/** The end of standard error that goes into the reason. */
const TAIL_CHARACTERS = 400;

/**
 * Starts `argv` and hands on its lines. The child dies with this process when
 * that exits in order; a child that must not outlive a killed parent reads its
 * standard input, which ends then.
 */
export function openStream(argv: readonly [string, ...string[]], handlers: StreamHandlers): StreamHandle {
  const [file, ...args] = argv;
  const child = execa(file, args, {
    reject: false,
    buffer: false,
    stdin: 'pipe',
    forceKillAfterDelay: GRACE_MS,
    env: { LC_ALL: 'C' },
  });
  let complaint = '';
  let ended = false;
  child.stdin.on('error', () => undefined); // EPIPE: the child's end is reported below
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-TAIL_CHARACTERS);
  });
  const lines = createInterface({ input: child.stdout, crlfDelay: Infinity });
  lines.on('line', (line) => {
    if (!ended) handlers.line(line);
  });

  const gone = child.then(({ exitCode, signal, shortMessage }) => {
    ended = true;
    lines.close();
    const how = exitCode === undefined ? (signal ? `killed by ${signal}` : shortMessage) : `exit status ${exitCode}`;
    const why = complaint.trim();
    handlers.ended(`${file}: ${how ?? 'could not be started'}${why === '' ? '' : `: ${why}`}`);
  });
  // A handler that throws is a defect of its owner; it must not go unseen.
  gone.catch((error: unknown) =>
    setImmediate(() => {
      throw error;
    }),
  );

  return {
    write: (text) => {
      if (!ended) child.stdin.write(`${text}\n`);
    },
    stop: async () => {
      child.kill('SIGTERM');
      await gone;
    },
  };
}
