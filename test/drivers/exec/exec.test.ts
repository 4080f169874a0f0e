import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createExec } from '../../../src/drivers/exec/exec.js';
import { execInside } from '../../../src/drivers/exec/inside.js';
import { ExecError } from '../../../src/ports/exec.js';
import { eventually } from '../syscall/eventually.js';

const exec = createExec();

async function refusal(promise: Promise<unknown>): Promise<ExecError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ExecError);
  return error as ExecError;
}

describe('run', () => {
  test('hands back status and both outputs, final newline included', async () => {
    await expect(exec.run(['sh', '-c', 'echo out; echo err >&2; exit 3'])).resolves.toEqual({
      code: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  test('passes standard input, which is empty unless given', async () => {
    expect((await exec.run(['cat'], { input: 'a\nb' })).stdout).toBe('a\nb');
    expect((await exec.run(['cat'])).stdout).toBe('');
  });

  test('a program that does not read its input is no error', async () => {
    expect((await exec.run(['true'], { input: 'x'.repeat(1 << 20) })).code).toBe(0);
  });

  test('takes arguments literally', async () => {
    expect((await exec.run(['printf', '%s|', '$HOME', '; ls', ''])).stdout).toBe('$HOME|; ls||');
  });

  test.each([
    ['a missing program', ['culvert-no-such-program'], 'not-found'],
    ['a file that is no program', ['/etc/passwd'], 'not-permitted'],
    ['a program killed by somebody', ['sh', '-c', 'kill -9 $$'], 'killed'],
    ['endless output', ['yes'], 'output-limit'],
  ] as const)('%s', async (_, argv, reason) => {
    const error = await refusal(exec.run(argv));
    expect(error.reason).toBe(reason);
    expect(error.message).not.toContain('\n');
  });

  test('ends at the time limit, even when a grandchild holds the pipes', async () => {
    const started = performance.now();
    const error = await refusal(exec.run(['sh', '-c', 'trap "" TERM; sleep 3 & wait'], { timeoutMs: 100 }));
    expect(error.reason).toBe('timeout');
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe('run with children', () => {
  /** What is dead and waits for init to hear of it is not alive. */
  const alive = async (pid: string): Promise<boolean> =>
    /^State:\s+[^ZX]/m.test(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''));
  /** The grandchild says who it is before anything is killed: its number goes into this file. */
  const grandchild = async (file: string): Promise<string> => {
    for (;;) {
      const text = await readFile(file, 'utf8').catch(() => '');
      if (text.endsWith('\n')) return text.trim();
    }
  };
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'exec-'));
    file = join(folder, 'pid');
  });
  afterEach(() => rm(folder, { recursive: true }));

  test.each([
    ['at the time limit', 'wait', { timeoutMs: 500 }, 'timeout'],
    ['at the output limit', 'yes', { outputLimit: 100_000 }, 'output-limit'],
  ] as const)('%s the grandchildren die too', async (_, then, options, reason) => {
    const script = `sleep 1002 & echo $! > ${file}; ${then}`;
    const error = await refusal(exec.run(['sh', '-c', script], { ...options, withChildren: true }));
    expect(error.reason).toBe(reason);
    await eventually(async () => !(await alive(await grandchild(file))));
  });

  test('what an ended program leaves behind is killed, and does not delay its result', async () => {
    const script = `sleep 1003 & echo $! > ${file}; echo done`;
    const { code, stdout } = await exec.run(['sh', '-c', script], { withChildren: true });
    expect([code, stdout]).toEqual([0, 'done\n']);
    await eventually(async () => !(await alive(await grandchild(file))));
  });

  test('aborted, it is killed', async () => {
    const aborting = new AbortController();
    const run = refusal(
      exec.run(['sh', '-c', `sleep 1004 & echo $! > ${file}; wait`], { signal: aborting.signal, withChildren: true }),
    );
    const pid = await grandchild(file);
    aborting.abort();
    expect((await run).message).toContain('no longer wanted; killed');
    await eventually(async () => !(await alive(pid)));
  });
});

describe('stream', () => {
  const collect = (argv: readonly [string, ...string[]], through = exec) => {
    const lines: string[] = [];
    let onLine: () => void = () => undefined;
    let onEnd: (reason: string) => void = () => undefined;
    const ended = new Promise<string>((resolve) => (onEnd = resolve));
    const handle = through.stream(argv, {
      line: (text) => {
        lines.push(text);
        onLine();
      },
      ended: (reason) => onEnd(reason),
    });
    const count = (n: number): Promise<void> =>
      new Promise((resolve) => {
        onLine = () => lines.length >= n && resolve();
        onLine();
      });
    return { lines, ended, handle, count };
  };

  test('hands on lines, then says how it ended', async () => {
    const { lines, ended } = collect(['sh', '-c', 'echo one; printf two; echo "went wrong" >&2; exit 4']);
    await expect(ended).resolves.toBe('sh: exit status 4: went wrong');
    expect(lines).toEqual(['one', 'two']);
  });

  test('a program that cannot be started ends too', async () => {
    await expect(collect(['culvert-no-such-program']).ended).resolves.toContain('ENOENT');
  });

  test('writes lines; stop ends it', async () => {
    const { lines, ended, handle, count } = collect(['cat']);
    handle.write('hello');
    handle.write('again');
    await count(2);
    expect(lines).toEqual(['hello', 'again']);
    await handle.stop();
    await expect(ended).resolves.toBe('cat: killed by SIGTERM');
    handle.write('dropped');
    await handle.stop();
  });

  test('stop kills what ignores SIGTERM', async () => {
    const { ended, handle, count } = collect(['sh', '-c', 'trap "" TERM; echo ready; while read x; do :; done']);
    await count(1);
    await handle.stop();
    await expect(ended).resolves.toContain('SIGKILL');
  });

  test('runs behind a prefix', async () => {
    const inside = execInside(exec, ['env', 'WHERE=inside']);
    expect((await inside.run(['sh', '-c', 'echo $WHERE'])).stdout).toBe('inside\n');
    const { lines, ended } = collect(['sh', '-c', 'echo $WHERE'], inside);
    await ended;
    expect(lines).toEqual(['inside']);
  });
});
