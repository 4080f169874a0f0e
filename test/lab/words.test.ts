import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expandEnvironment } from '../../src/lab/expansion.js';
import { shellLine, splitWords } from '../../src/lab/words.js';

const word = fc.string({ maxLength: 12 }).filter((text) => !text.includes('\0'));

it('what is quoted for a shell is split into the same words', () => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), (words) => {
      expect(splitWords(shellLine(words))).toEqual(words);
    }),
  );
});

it('a real shell sees the same words', () => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), (words) => {
      const seen = execFileSync('sh', ['-c', `printf '%s\\0' ${shellLine(words)}`], { encoding: 'utf8' });
      expect(seen.split('\0').slice(0, -1)).toEqual(words);
    }),
    { numRuns: 40 },
  );
});

it.each([
  ['ip addr  add\t10.0.0.1/24', ['ip', 'addr', 'add', '10.0.0.1/24']],
  [`sh -c 'a "b" c' ""`, ['sh', '-c', 'a "b" c', '']],
  [String.raw`a\ b "c\"d" 'e\f'`, ['a b', 'c"d', 'e\\f']],
  ['a > b | c; $d', ['a', '>', 'b', '|', 'c;', '$d']],
  ["it's", undefined],
  ['   ', undefined],
])('%s', (line, words) => {
  expect(splitWords(line)).toEqual(words);
});

it.each([
  ['$A-${A}', 'x-x'],
  ['${B}', ''],
  ['${B:-y}${E-z}${E:-z}', 'yz'],
  ['${B:=q} ${B}', 'q q'],
  ['$$A', '$A'],
  ['100 $ and $1', '100 $ and $1'],
])('%s becomes %s', (text, expected) => {
  expect(expandEnvironment(text, { A: 'x', E: '' })).toBe(expected);
});
