import { probeGroups } from '../../../src/drivers/route/probe.js';
import { ExecError, type Exec } from '../../../src/ports/exec.js';

const answering = (code: number, stderr: string): Exec => ({
  run: async () => ({ code, stdout: '', stderr }),
  stream: () => {
    throw new Error('not expected');
  },
});

test('a kernel that takes every line has resilient groups', async () => {
  expect(await probeGroups(answering(0, ''))).toEqual({ kind: 'resilient' });
});

test('one that refuses the last line alone has the others', async () => {
  const groups = probeGroups(answering(1, 'Error: Invalid group type.\nCommand failed -:4\n'));
  expect(await groups).toEqual({ kind: 'threshold', detail: 'Error: Invalid group type.' });
});

test.each([
  ['no nexthops', 'RTNETLINK answers: Operation not supported\nCommand failed -:2\n', 'Operation not supported'],
  ['no namespace', 'unshare: unshare failed: Operation not permitted\n', 'Operation not permitted'],
])('%s is no answer', async (_, stderr, said) => {
  await expect(probeGroups(answering(1, stderr))).rejects.toThrow(said);
});

test('nor is a probe that does not end', async () => {
  const exec: Exec = {
    ...answering(0, ''),
    run: async (argv) => {
      throw new ExecError(argv, 'timeout', 'unshare: no end within 5000 ms');
    },
  };
  await expect(probeGroups(exec)).rejects.toThrow('nexthop groups could not be tried: unshare: no end');
});
