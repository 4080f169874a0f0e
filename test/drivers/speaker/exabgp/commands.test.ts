import { address, prefix } from '../../../../src/model/address.js';
import { announceLines, Changes, withdrawLines } from '../../../../src/drivers/speaker/exabgp/commands.js';

const [R1, R2] = [address('198.18.1.1'), address('198.18.1.2')];
const [A, B, C6] = [prefix('203.0.113.0/24'), prefix('192.0.2.0/24'), prefix('2001:db8:acf::/48')];
const TEXT = 'next-hop 198.18.1.11 origin igp local-preference 100';

test('one neighbour, and several', () => {
  expect(announceLines({ neighbors: [R1], attributes: TEXT, prefixes: [A, B] })).toEqual([
    `neighbor 198.18.1.1 announce attributes ${TEXT} nlri 203.0.113.0/24 192.0.2.0/24`,
  ]);
  expect(announceLines({ neighbors: [R1, R2], attributes: TEXT, prefixes: [A] })).toEqual([
    `neighbor 198.18.1.1 , neighbor 198.18.1.2 announce attributes ${TEXT} nlri 203.0.113.0/24`,
  ]);
});

test.each([
  ['its own', [A], TEXT, 'next-hop 198.18.1.11'],
  ['of its family when nobody knows', [A], '', 'next-hop 0.0.0.0'],
  ['of its family when it had one of the other', [C6], TEXT, 'next-hop ::'],
])('a withdrawal names a next hop: %s', (_, prefixes, attributes, hop) => {
  expect(withdrawLines({ neighbors: [R1], attributes, prefixes })).toEqual([
    `neighbor 198.18.1.1 withdraw attributes ${hop} nlri ${prefixes.join(' ')}`,
  ]);
});

test('many prefixes are several lines, each once', () => {
  const prefixes = Array.from({ length: 250 }, (_, n) => prefix(`11.0.${n}.0/24`));
  const lines = announceLines({ neighbors: [R1], attributes: TEXT, prefixes });
  expect(lines).toHaveLength(6);
  expect(lines.flatMap((line) => line.split(' nlri ')[1]!.split(' '))).toEqual(prefixes);
});

test('changes go together by neighbours, attributes and family', () => {
  const changes = new Changes();
  changes.add(R1, A, TEXT);
  changes.add(R2, A, TEXT);
  changes.add(R1, B, TEXT);
  changes.add(R1, C6, TEXT);
  expect([...changes]).toEqual([
    { neighbors: [R1, R2], attributes: TEXT, prefixes: [A] },
    { neighbors: [R1], attributes: TEXT, prefixes: [B] },
    { neighbors: [R1], attributes: TEXT, prefixes: [C6] },
  ]);
});
