import { readFileSync } from 'node:fs';

interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly from: string;
}

const mutants = JSON.parse(readFileSync('test/sim/mutants.json', 'utf8')) as readonly Mutant[];

test.each(mutants)('"$name" finds its place in the code', ({ file, from }) => {
  expect(readFileSync(file, 'utf8').split(from)).toHaveLength(2);
});
