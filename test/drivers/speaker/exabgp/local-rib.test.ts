import { AdjRibOut } from '../../../../src/drivers/speaker/exabgp/adj-rib-out.js';
import { LocalRib } from '../../../../src/drivers/speaker/exabgp/local-rib.js';
import type { HeldRoutes, Neighbor } from '../../../../src/drivers/speaker/exabgp/show.js';
import { address, type Prefix, prefix } from '../../../../src/model/address.js';
import type { BarrierObserved, Path } from '../../../../src/model/path.js';

const [A, B, C6] = [prefix('192.0.2.0/24'), prefix('203.0.113.0/24'), prefix('2001:db8:acf::/48')];
/** Inside B: neither it nor what holds it is B. */
const [PART, WHOLE] = [prefix('203.0.113.0/25'), prefix('203.0.112.0/23')];

const pathOf = (of: Prefix, asn = 64_512): Path => ({
  prefix: of,
  attributes: {
    asPath: [asn],
    nextHop: address('198.18.1.11'),
    communities: [],
    largeCommunities: ['64500:1:11'],
  },
});

const neighbor = (asn: number, localAsn = 64_500): Neighbor => ({
  localAsn,
  routerId: address('198.18.1.11'),
  ours: true,
  peer: {
    ...{ address: address('198.18.1.1'), asn, localAddress: address('198.18.1.11'), families: [4, 6] },
    ...{ hold: 9, keepalive: 3, ttlSecurity: false, gracefulRestart: 0, passive: false, multihop: 0, maxPrefix: {} },
  },
});
const INNER = neighbor(64_500);

/** A neighbour that holds these, as it was read beside what the table wants. */
function holding(rib: LocalRib, held: HeldRoutes): AdjRibOut {
  const out = new AdjRibOut(INNER);
  out.read(held, rib.prefixes(), (of) => rib.textFor(of, INNER));
  return out;
}

const withList = (...allowed: readonly Prefix[]): LocalRib => {
  const rib = new LocalRib();
  rib.allowOnly(allowed);
  return rib;
};

/** What was thrown. */
function refusalOf(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** What it says of each of these prefixes. */
const judged = (rib: LocalRib, of: readonly Prefix[]): readonly string[] =>
  of.map((one) => (rib.isAllowed(one) ? 'allowed' : rib.isForbidden(one) ? 'forbidden' : 'neither'));

describe('the list', () => {
  type Change = (rib: LocalRib) => void;
  test.each<[string, readonly Change[], a: string, b: string]>([
    ['before there is one', [], 'neither', 'neither'],
    ['an empty one', [(rib) => rib.allowOnly([])], 'forbidden', 'forbidden'],
    ['one of A', [(rib) => rib.allowOnly([A])], 'allowed', 'forbidden'],
    ['B added', [(rib) => rib.allowOnly([A]), (rib) => rib.allow([B])], 'allowed', 'allowed'],
    ['A taken away', [(rib) => rib.allowOnly([A, B]), (rib) => rib.disallow([A])], 'forbidden', 'allowed'],
    ['another in its place', [(rib) => rib.allowOnly([A]), (rib) => rib.allowOnly([B])], 'forbidden', 'allowed'],
    ['A taken away from none', [(rib) => rib.disallow([A])], 'neither', 'neither'],
  ])('%s', (_, changes, a, b) => {
    const rib = new LocalRib();
    for (const change of changes) change(rib);
    expect(judged(rib, [A, B])).toEqual([a, b]);
  });

  test('names prefixes exactly: nothing longer, nothing shorter', () => {
    expect(judged(withList(B), [PART, B, WHOLE])).toEqual(['forbidden', 'allowed', 'forbidden']);
  });

  test('nothing is added to one that is not there', () => {
    const rib = new LocalRib();
    expect(refusalOf(() => rib.allow([A]))).toMatchObject({
      reason: 'barrier-not-held',
      message: 'there is no allow-list yet',
    });
    expect(judged(rib, [A])).toEqual(['neither']);
  });

  test('a new one takes from the table what it does not name; taking a prefix from it leaves the path to the plan', () => {
    const rib = withList(A, B);
    rib.announce([pathOf(A), pathOf(B)]);
    rib.disallow([A]);
    expect([...rib.prefixes()]).toEqual([A, B]);
    rib.allowOnly([B]);
    expect([...rib.prefixes()]).toEqual([B]);
  });
});

describe('announcing', () => {
  test.each<[string, LocalRib, readonly Prefix[], refused: Prefix]>([
    ['before there is a list', new LocalRib(), [A], A],
    ['nothing of an empty list', withList(), [A], A],
    ['none of several, one of which is not on it', withList(A, C6), [A, B, C6], B],
    ['a part of what is on it', withList(B), [PART], PART],
    ['more than what is on it', withList(B), [WHOLE], WHOLE],
  ])('is refused whole: %s', (_, rib, prefixes, refused) => {
    const refusal = refusalOf(() => rib.announce(prefixes.map((of) => pathOf(of))));
    expect(refusal).toMatchObject({ reason: 'barrier-not-held', message: `${refused} is not allowed` });
    expect(rib.size).toBe(0);
  });

  test('puts a path in the place of the one before, and paths in order', () => {
    const rib = withList(A, B, C6);
    const [newer, six] = [pathOf(A, 64_513), pathOf(C6)];
    rib.announce([six, pathOf(B), pathOf(A)]);
    rib.announce([newer]);
    expect(rib.paths().map(({ prefix: of }) => of)).toEqual([A, B, C6]);
    expect([rib.size, rib.get(A), rib.get(C6), rib.get(PART)]).toEqual([3, newer, six, undefined]);
    rib.delete(A);
    expect([rib.size, rib.has(A), rib.has(B)]).toEqual([2, false, true]);
  });

  test('a path that stands is taken over, allowed or not; whose it is, is asked', () => {
    const rib = withList(A);
    rib.set(pathOf(B));
    expect(rib.has(B)).toBe(true);
    rib.announce([pathOf(A)]);
    expect(rib.others(({ prefix: of }) => of === A).map(({ prefix: of }) => of)).toEqual([B]);
  });
});

describe('what a neighbour shall hold', () => {
  const text = 'next-hop 198.18.1.11 origin igp as-path [ 64512 ] local-preference 100 large-community 64500:1:11';

  test.each<[string, (rib: LocalRib) => void, string | undefined]>([
    ['nothing, of what is not in the table', (rib) => rib.allowOnly([A]), undefined],
    [
      'a path on the list',
      (rib) => {
        rib.allowOnly([A]);
        rib.announce([pathOf(A)]);
      },
      text,
    ],
    ['a path that was taken over before there is a list', (rib) => rib.set(pathOf(A)), text],
    [
      'nothing, of a path that was taken over and is not on the list',
      (rib) => {
        rib.allowOnly([B]);
        rib.set(pathOf(A));
      },
      undefined,
    ],
    [
      'nothing, of a path that has left the list',
      (rib) => {
        rib.allowOnly([A]);
        rib.announce([pathOf(A)]);
        rib.disallow([A]);
      },
      undefined,
    ],
  ])('%s', (_, prepare, wanted) => {
    const rib = new LocalRib();
    prepare(rib);
    expect(rib.textFor(A, INNER)).toBe(wanted);
  });

  test('is by the ends of its session, and of the path that stands now', () => {
    const rib = withList(A);
    rib.announce([pathOf(A)]);
    const asPaths = (): readonly (string | undefined)[] =>
      [INNER, neighbor(64_510), neighbor(64_510, 64_501)].map(
        (to) => /as-path \[ (.*?) \]/.exec(rib.textFor(A, to) ?? '')?.[1],
      );
    expect(asPaths()).toEqual(['64512', '64500 64512', '64501 64512']);
    expect(asPaths()).toEqual(['64512', '64500 64512', '64501 64512']);
    rib.announce([pathOf(A, 64_513)]);
    expect(asPaths()).toEqual(['64513', '64500 64513', '64501 64513']);
  });
});

describe('the barrier', () => {
  const held = (...prefixes: readonly Prefix[]): HeldRoutes => new Map(prefixes.map((of) => [of, 'x']));
  const onList = (...prefixes: readonly Prefix[]): LocalRib => {
    const rib = withList(...prefixes);
    rib.announce(prefixes.map((of) => pathOf(of)));
    return rib;
  };
  const strange = (line: string): LocalRib => {
    const rib = withList(A);
    rib.strange = [line];
    return rib;
  };

  test.each<[string, LocalRib, HeldRoutes, BarrierObserved]>([
    ['absent without a list, whatever is held', new LocalRib(), held(A), { state: 'absent' }],
    ['held with an empty list and nothing held', withList(), held(), { state: 'held', allow: [] }],
    ['held, in order', withList(C6, B, A), held(), { state: 'held', allow: [A, B, C6] }],
    ['held where what is allowed is missing', onList(A), held(), { state: 'held', allow: [A] }],
    ['held where what is allowed is held otherwise', onList(A), held(A), { state: 'held', allow: [A] }],
    [
      'wrong where a neighbour holds something else',
      onList(A),
      held(A, PART),
      { state: 'wrong', detail: '203.0.113.0/25 stands at 198.18.1.1 and is not allowed' },
    ],
    [
      'wrong where the daemon holds what is no route',
      strange('neighbor 198.18.1.1 ipv4 flow'),
      held(),
      { state: 'wrong', detail: 'exabgp holds "neighbor 198.18.1.1 ipv4 flow"' },
    ],
    [
      'wrong, told in a line of bounded length',
      strange('x'.repeat(10_000)),
      held(),
      { state: 'wrong', detail: `exabgp holds "${'x'.repeat(200)}"` },
    ],
  ])('is %s', (_, rib, routes, wanted) => {
    expect(rib.barrier([holding(rib, routes)])).toEqual(wanted);
  });
});
