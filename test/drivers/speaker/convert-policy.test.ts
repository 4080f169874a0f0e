import fc from 'fast-check';
import { address, comparePrefix, type Prefix, prefix, prefixOf } from '../../../src/model/address.js';
import {
  allowSets,
  barrierFromWire,
  barrierPolicy,
  type ListedBarrier,
} from '../../../src/drivers/speaker/gobgp/convert-policy.js';
import { VALUES_3, VALUES_4, type Values } from '../../../src/drivers/speaker/gobgp/dialect.js';
import {
  FOREIGN_ACTIONS,
  FOREIGN_CONDITIONS,
  type ListedAssignment,
  type ListedPolicy,
} from '../../../src/drivers/speaker/gobgp/messages.js';
import { listedSet } from './listing.js';

const nothing = <N extends string>(names: readonly N[]): Record<N, null> =>
  Object.fromEntries(names.map((name) => [name, null])) as Record<N, null>;

describe.each<[string, Values]>([
  ['GoBGP 3', VALUES_3],
  ['GoBGP 4', VALUES_4],
])('the barrier of %s', (_, values) => {
  const policy: ListedPolicy = {
    name: barrierPolicy(values).name,
    statements: barrierPolicy(values).statements.map(({ name, conditions, actions }) => ({
      name,
      conditions: {
        ...nothing(FOREIGN_CONDITIONS),
        ...conditions,
        rpki_result: -1,
        origin: 0,
        next_hop_in_list: [],
        afi_safi_in: [],
      },
      actions: { ...nothing(FOREIGN_ACTIONS), ...actions },
    })),
  };
  const assignment = (direction: number): ListedAssignment => ({ direction, policies: [policy], default_action: 2 });
  const held = (allow: readonly Prefix[]): ListedBarrier => ({
    assignments: [assignment(1), assignment(2)],
    policies: [policy],
    sets: allowSets(values, allow).map(listedSet),
  });
  const V4 = prefix('203.0.113.0/24');
  const V6 = prefix('2001:db8:acf::/48');

  test('any allow-list reads back as exactly itself', () => {
    const prefixes = fc.oneof(
      fc.tuple(fc.ipV4(), fc.integer({ min: 8, max: 24 })).map(([a, l]) => prefixOf(address(a), l)),
      fc.tuple(fc.ipV6(), fc.integer({ min: 16, max: 48 })).map(([a, l]) => prefixOf(address(a), l)),
    );
    fc.assert(
      fc.property(fc.uniqueArray(prefixes), (allow) => {
        expect(barrierFromWire(values, held(allow))).toEqual({ state: 'held', allow: [...allow].sort(comparePrefix) });
      }),
    );
  });

  test('nothing assigned is absent, whatever the default', () => {
    const open = [1, 2].map((direction) => ({ direction, policies: [], default_action: 1 }));
    expect(barrierFromWire(values, { assignments: open, policies: [], sets: [] })).toEqual({ state: 'absent' });
  });

  const first = policy.statements[0]!;
  const withStatement = (change: Partial<(typeof policy.statements)[number]>): ListedBarrier => {
    const changed = { ...policy, statements: [{ ...first, ...change }, policy.statements[1]!] };
    return { ...held([V4]), assignments: [1, 2].map((d) => ({ ...assignment(d), policies: [changed] })) };
  };
  const withSets = (change: (set: ReturnType<typeof allowSets>[number]) => ReturnType<typeof allowSets>[number]) => ({
    ...held([V4, V6]),
    sets: allowSets(values, [V4, V6]).map(change).map(listedSet),
  });

  test.each<[string, ListedBarrier]>([
    ['one direction only', { ...held([V4]), assignments: [assignment(2)] }],
    [
      'a default that accepts',
      { ...held([V4]), assignments: [assignment(1), { ...assignment(2), default_action: 1 }] },
    ],
    [
      'another policy beside ours',
      {
        ...held([V4]),
        assignments: [assignment(1), { ...assignment(2), policies: [policy, { name: 'x', statements: [] }] }],
      },
    ],
    [
      'another policy in our place',
      { ...held([V4]), assignments: [assignment(1), { ...assignment(2), policies: [{ ...policy, name: 'x' }] }] },
    ],
    ['a policy that is gone', { ...held([V4]), policies: [] }],
    ['a statement more', { ...held([V4]), policies: [{ ...policy, statements: [...policy.statements, first] }] }],
    ['learned routes accepted', withStatement({ conditions: { ...first.conditions!, route_type: 0 } })],
    [
      'the set inverted',
      withStatement({ conditions: { ...first.conditions!, prefix_set: { type: values.any + 2, name: first.name } } }),
    ],
    ['no set', withStatement({ conditions: { ...first.conditions!, prefix_set: null } })],
    ['an ORIGIN asked for', withStatement({ conditions: { ...first.conditions!, origin: 1 } })],
    ['another condition', withStatement({ conditions: { ...first.conditions!, community_set: {} } })],
    ['another action', withStatement({ actions: { ...first.actions!, med: {} } })],
    ['rejection', withStatement({ actions: { ...first.actions!, route_action: 2 } })],
    ['a missing set', { ...held([V4]), sets: [] }],
    [
      'longer prefixes',
      withSets((set) => ({ ...set, prefixes: set.prefixes.map((p) => ({ ...p, mask_length_max: 48 + 1 })) })),
    ],
    [
      'shorter prefixes',
      withSets((set) => ({ ...set, prefixes: set.prefixes.map((p) => ({ ...p, mask_length_min: 0 })) })),
    ],
    [
      'families mixed',
      withSets((set) => ({ ...set, prefixes: allowSets(values, [V4, V6])[set.name.endsWith('4') ? 1 : 0]!.prefixes })),
    ],
    [
      'what is no prefix',
      withSets((set) => ({ ...set, prefixes: set.prefixes.map((p) => ({ ...p, ip_prefix: 'x/24' })) })),
    ],
  ])('%s is wrong', (_what, listed) => expect(barrierFromWire(values, listed)).toMatchObject({ state: 'wrong' }));
});
