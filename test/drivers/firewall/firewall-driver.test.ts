import type { RulesetObserved, RulesetState } from '../../../src/model/kernel.js';
import { createFirewallDriver } from '../../../src/drivers/firewall/firewall.js';
import { readListing } from '../../../src/drivers/firewall/listing.js';
import { ExecError, type Exec } from '../../../src/ports/exec.js';
import { KernelError } from '../../../src/ports/kernel.js';
import { serverRulesets } from '../../../src/render/nft/rulesets.js';
import { prefix } from '../../../src/model/address.js';
import { openAnchor, whyNoAnchor, type Anchor } from '../../kernel-anchor.js';
import { rule, viewWith } from '../../render/firewall-fleet.js';

const wanted = serverRulesets(viewWith());
const present = wanted.map(({ netns }) => netns);
const replace = (ruleset: RulesetState) => ({ kind: 'ruleset-replace', ruleset }) as const;
const states = (observed: readonly RulesetObserved[]): Record<string, string> =>
  Object.fromEntries(observed.map(({ netns, state }) => [netns, state]));

const EQUAL = { '': 'equal', 'cv-acme': 'equal', 'cv-globex': 'equal' };

describe('listings', () => {
  const table = { table: { family: 'inet', name: 'culvert', handle: 7 } };
  const listing = (...objects: readonly object[]): string =>
    JSON.stringify({ nftables: [{ metainfo: {} }, table, ...objects] });

  test('handles, counted packets and the order of elements do not matter', () => {
    const a = listing(
      { counter: { name: 'c', handle: 1, packets: 1, bytes: 2 } },
      { set: { name: 's', elem: ['a', 'b'] } },
    );
    const b = listing(
      { counter: { name: 'c', handle: 2, packets: 3, bytes: 4 } },
      { set: { name: 's', elem: ['b', 'a'] } },
    );
    expect(readListing(a).form).toBe(readListing(b).form);
    expect(readListing(b).counters).toEqual([{ name: 'c', packets: 3, bytes: 4 }]);
  });

  test('elements matter, except where packets put them', () => {
    const one = (flags: readonly string[], elem: readonly string[]): string =>
      readListing(listing({ set: { name: 's', flags, elem } })).form;
    expect(one([], ['a'])).not.toBe(one([], []));
    expect(one(['dynamic'], ['a'])).toBe(one(['dynamic'], []));
  });

  test.each([
    '',
    'nonsense',
    '{}',
    '{"nftables": []}',
    '{"nftables": [{"table": {"family": "ip", "name": "culvert"}}]}',
    '{"nftables": [7]}',
  ])('not a listing of our table: %j', (printed) => expect(() => readListing(printed)).toThrow(KernelError));
});

describe('when nft cannot be asked', () => {
  const answering = (code: number, stdout: string, stderr: string): Exec => ({
    run: async () => ({ code, stdout, stderr }),
    stream: () => {
      throw new Error('not used');
    },
  });
  const failing = (reason: ExecError['reason']): Exec => ({
    ...answering(0, '', ''),
    run: async (argv) => {
      throw new ExecError(argv, reason, reason);
    },
  });

  test.each<[string, Exec, string]>([
    ['nft is missing', failing('not-found'), 'tool-missing'],
    [
      'nft is missing behind nsenter',
      answering(127, '', 'nsenter: failed to execute nft: No such file or directory'),
      'tool-missing',
    ],
    ['nft does not end', failing('timeout'), 'timeout'],
    ['we are not permitted', answering(1, '', 'Operation not permitted (you must be root)'), 'not-permitted'],
    ['nft fails', answering(1, '', 'Error: Out of memory'), 'failed'],
    ['nft prints nothing', answering(0, '', ''), 'unreadable'],
  ])('%s: unknown, never absent', async (_, exec, reason) => {
    await expect(createFirewallDriver(exec).observe(wanted, ['cv-acme'])).rejects.toMatchObject({
      name: 'KernelError',
      reason,
    });
  });

  test('the error names the namespace and what nft said', async () => {
    const driver = createFirewallDriver(answering(1, '', 'Error: syntax error, unexpected newline\nmore'));
    await expect(driver.apply(wanted.slice(1, 2).map(replace))).rejects.toThrow(
      'cannot replace the ruleset in cv-acme: Error: syntax error, unexpected newline',
    );
  });
});

const why = await whyNoAnchor();
if (why) console.warn(`the firewall driver does not meet nft: ${why}`);

(why ? describe.skip : describe)('with nft', () => {
  let anchor: Anchor;
  let started: string[];
  let exec: Exec;

  beforeEach(async () => {
    anchor = await openAnchor();
    started = [];
    exec = {
      ...anchor.exec,
      run: (argv, options) => {
        started.push(argv.join(' '));
        return anchor.exec.run(argv, options);
      },
    };
    await anchor.exec.run(['ip', '-batch', '-'], { input: 'netns add cv-acme\nnetns add cv-globex\n' });
  });
  afterEach(() => anchor?.close());

  async function nft(netns: string, input: string): Promise<string> {
    const argv = netns
      ? (['nsenter', `--net=/run/netns/${netns}`, 'nft', '-f', '-'] as const)
      : (['nft', '-f', '-'] as const);
    const { code, stdout, stderr } = await anchor.exec.run(argv, { input });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  }

  test('absent, then equal; a second replacement changes nothing', async () => {
    const driver = createFirewallDriver(exec);
    expect(states(await driver.observe(wanted, present))).toEqual({
      '': 'absent',
      'cv-acme': 'absent',
      'cv-globex': 'absent',
    });
    await driver.apply(wanted.map(replace));
    const first = await driver.observe(wanted, present);
    expect(states(first)).toEqual(EQUAL);
    expect(first[0]?.counters).toContainEqual({ name: 'carried_acme', packets: 0, bytes: 0 });
    await driver.apply(wanted.map(replace));
    expect(await driver.observe(wanted, present)).toEqual(first);
  });

  test('an agent that starts anew recognises what stands', async () => {
    await createFirewallDriver(exec).apply(wanted.map(replace));
    expect(states(await createFirewallDriver(exec).observe(wanted, present))).toEqual(EQUAL);
  });

  test('another version of nft, which lists differently, is no drift', async () => {
    let upgraded = false;
    const driver = createFirewallDriver({
      ...exec,
      run: async (argv, options) => {
        const result = await exec.run(argv, options);
        return upgraded ? { ...result, stdout: result.stdout.replaceAll('"family":', '"news": 1, "family":') } : result;
      },
    });
    await driver.apply(wanted.map(replace));
    expect(states(await driver.observe(wanted, present))).toEqual(EQUAL);
    upgraded = true;
    expect(states(await driver.observe(wanted, present))).toEqual(EQUAL);
  });

  test('one process per namespace once the rulesets are known, and none where there is no namespace', async () => {
    const driver = createFirewallDriver(exec);
    await driver.apply(wanted.map(replace));
    await driver.observe(wanted, present);
    started.length = 0;
    expect(states(await driver.observe(wanted, ['', 'cv-acme']))).toEqual({ ...EQUAL, 'cv-globex': 'absent' });
    expect(started).toHaveLength(2);
  });

  test('a flushed ruleset is absent and comes back; a foreign table beside ours survives', async () => {
    const driver = createFirewallDriver(exec);
    await driver.apply(wanted.map(replace));
    await nft('cv-acme', 'flush ruleset; table inet theirs { counter c { }; }');
    expect(states(await driver.observe(wanted, present))).toEqual({ ...EQUAL, 'cv-acme': 'absent' });
    await driver.apply(wanted.map(replace));
    expect(states(await driver.observe(wanted, present))).toEqual(EQUAL);
    expect(await nft('cv-acme', 'list tables')).toBe('table inet theirs\ntable inet culvert\n');
  });

  test.each([
    ['an element more', 'add element inet culvert prefixes4 { 192.0.2.0/24 }'],
    ['an element less', 'flush set inet culvert prefixes4'],
    ['a rule more', 'add rule inet culvert forward drop'],
    ['a chain without its rules', 'flush chain inet culvert decapsulated'],
    ['a policy', 'chain inet culvert forward { policy drop; }'],
    ['dormant', 'add table inet culvert { flags dormant; }'],
    ['a chain more', 'add chain inet culvert extra'],
  ])('drift is different and repaired: %s', async (_, command) => {
    const driver = createFirewallDriver(exec);
    await driver.apply(wanted.map(replace));
    await nft('cv-acme', command);
    expect(states(await driver.observe(wanted, present))).toEqual({ ...EQUAL, 'cv-acme': 'different' });
    await driver.apply(wanted.slice(1, 2).map(replace));
    expect(states(await driver.observe(wanted, present))).toEqual(EQUAL);
  });

  test('another fleet is different', async () => {
    const driver = createFirewallDriver(exec);
    await driver.apply(wanted.map(replace));
    const next = serverRulesets(
      viewWith({}, { firewall: [rule('r', 'drop', { source: [prefix('198.18.10.67/32')] })] }),
    );
    expect(states(await driver.observe(next, present))).toEqual({ ...EQUAL, 'cv-acme': 'different' });
  });

  test('a replacement that fails leaves what was there', async () => {
    const driver = createFirewallDriver(exec);
    await driver.apply(wanted.map(replace));
    const broken = { netns: 'cv-acme', ruleset: `${wanted[1]?.ruleset}add rule inet culvert nowhere drop\n` };
    await expect(driver.apply([replace(broken)])).rejects.toMatchObject({ name: 'KernelError', reason: 'failed' });
    expect(states(await driver.observe(wanted, present))).toEqual(EQUAL);
  });

  test('a ruleset is deleted, also where there is none', async () => {
    const driver = createFirewallDriver(exec);
    await driver.apply(wanted.map(replace));
    const ops = [
      { kind: 'ruleset-delete', netns: 'cv-acme' },
      { kind: 'ruleset-delete', netns: 'cv-acme' },
    ] as const;
    await driver.apply(ops);
    expect(states(await driver.observe(wanted, present))).toEqual({ ...EQUAL, 'cv-acme': 'absent' });
  });

  test('a table of ours where none is wanted is different', async () => {
    const driver = createFirewallDriver(exec);
    await driver.apply(wanted.map(replace));
    const others = wanted.filter(({ netns }) => netns !== 'cv-acme');
    expect(states(await driver.observe(others, present))).toEqual({ ...EQUAL, 'cv-acme': 'different' });
  });

  test('a namespace that is gone is unknown', async () => {
    await expect(createFirewallDriver(exec).observe(wanted, ['cv-gone'])).rejects.toMatchObject({ reason: 'failed' });
  });
});
