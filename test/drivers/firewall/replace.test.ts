import { DELETE, Replacer, transition } from '../../../src/drivers/firewall/replace.js';
import { type Anchor, openAnchor, whyNoAnchor } from '../../kernel-anchor.js';

const chain = (...rules: string[]): string => `chain prerouting {
  type filter hook prerouting priority 0; policy accept;
  ${rules.join('\n  ')}
}`;
const table = (...parts: string[]): string =>
  `table inet culvert {\n${parts.map((part) => part.replace(/^/gm, '  ')).join('\n')}\n}\n`;
const map = (type: string, elements: string): string => `map m {\n  type ${type}\n  elements = { ${elements} }\n}`;

test('what keeps its name is emptied, what loses it is deleted, what is referred to last', () => {
  const standing = [
    { kind: 'counter', name: 'old' },
    { kind: 'counter', name: 'c' },
    { kind: 'map', name: 'gone' },
    { kind: 'map', name: 'm' },
    { kind: 'chain', name: 'rule_1' },
    { kind: 'chain', name: 'prerouting' },
  ] as const;
  const wanted = table('counter c { }', map('ipv4_addr : counter', '192.0.2.1 : "c"'), chain());
  expect(transition(standing, wanted)).toBe(
    [
      'flush table inet culvert',
      'flush map inet culvert gone',
      'flush map inet culvert m',
      'delete chain inet culvert rule_1',
      'delete map inet culvert gone',
      'delete counter inet culvert old',
      wanted,
    ].join('\n'),
  );
});

const why = await whyNoAnchor();
if (why) console.warn(`tables are not replaced in a kernel: ${why}`);

(why ? describe.skip : describe)('in a kernel', () => {
  let anchor: Anchor;
  let replacer: Replacer;
  beforeAll(async () => {
    anchor = await openAnchor();
  });
  beforeEach(async () => {
    replacer = new Replacer(anchor.exec);
    await replacer.delete('');
  });
  afterAll(() => anchor?.close());

  const nft = async (...argv: string[]): Promise<string> => {
    const { code, stdout, stderr } = await anchor.exec.run(['nft', ...argv]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  };
  const standing = (): Promise<string> => nft('list', 'table', 'inet', 'culvert');

  test('counters that stay keep their values', async () => {
    await replacer.replace('', table('counter c { packets 7 bytes 700 }', 'counter d { }'));
    await replacer.replace('', table('counter c { }', 'counter e { }'));
    const left = await standing();
    expect(left).toContain('packets 7 bytes 700');
    expect(left).toContain('counter e');
    expect(left).not.toContain('counter d');
  });

  test('a map that changes its type under its name', async () => {
    const [before, after] = [map('ipv4_addr : verdict', '192.0.2.1 : drop'), map('ipv6_addr : verdict', '::1 : drop')];
    await replacer.replace('', table(before, chain('ip saddr vmap @m')));
    await replacer.replace('', table(after, chain('ip6 saddr vmap @m')));
    expect(await standing()).toContain('type ipv6_addr : verdict');
  });

  test('a chain that changes its priority, at the second time of asking at the latest', async () => {
    const wanted = table(chain().replace('priority 0', 'priority 5'));
    await replacer.replace('', table(chain()));
    await replacer.replace('', wanted);
    await replacer.replace('', wanted);
    expect(await standing()).toMatch(/priority (filter \+ )?5/);
  });

  test('a text that is wrong is refused, and what was there stays', async () => {
    await replacer.replace('', table('counter c { }'));
    await expect(replacer.replace('', table('counter { }'))).rejects.toThrow('cannot replace the ruleset');
    expect(await standing()).toContain('counter c');
  });

  test('deleting what is not there is harmless', async () => {
    await replacer.delete('');
    expect(DELETE).toBe('add table inet culvert\ndelete table inet culvert\n');
  });
});
