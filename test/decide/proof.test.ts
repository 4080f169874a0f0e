import fc from 'fast-check';
import {
  afterLook,
  ENDPOINT,
  isAwaitingRepair,
  proven,
  REPAIR_BOUND_MS,
  type Doubts,
  type Look,
} from '../../src/decide/proof.js';
import type { DataPlaneVerdict, FaultKind, Verdict } from '../../src/model/verdict.js';

const verified: Verdict = { state: 'verified', notes: [] };
const fault = (...kinds: readonly FaultKind[]): Verdict => ({ state: 'fault', details: [...kinds], kinds });

interface Seen extends Partial<Omit<Look, 'verdict' | 'lostSince'>> {
  readonly endpoint?: Verdict;
  readonly acme?: Verdict;
  readonly globex?: Verdict;
  readonly lost?: readonly string[];
}

const verdictOf = ({ endpoint, acme, globex }: Seen): DataPlaneVerdict => ({
  endpoint: endpoint ?? verified,
  customers: new Map([
    ['acme', acme ?? verified],
    ['globex', globex ?? verified],
  ]),
});

const lookAt = (seen: Seen, index: number): Look => ({
  at: seen.at ?? index * 100,
  verdict: verdictOf(seen),
  told: seen.told ?? false,
  lostSince: (subject) => seen.lost?.includes(subject) ?? false,
  ...(seen.repair === undefined ? {} : { repair: seen.repair }),
});

/** Subjects whose fault is proven at the time of the last look, or `later` ms after it. */
function provenAfter(looks: readonly Seen[], later = 0): readonly string[] {
  let doubts: Doubts = new Map();
  let last = lookAt({}, 0);
  for (const [index, seen] of looks.entries()) {
    last = lookAt(seen, index);
    doubts = afterLook(doubts, last);
  }
  const { endpoint, customers } = proven(doubts, last.verdict, last.at + later);
  return [['endpoint', endpoint] as const, ...customers].flatMap(([name, { state }]) =>
    state === 'fault' ? [name] : [],
  );
}

const veth = fault('veth');
const both = { acme: veth, globex: veth };

test.each<[string, readonly Seen[], readonly string[], number?]>([
  ['one look', [{ acme: veth }], []],
  ['one look, however long ago', [{ acme: veth }], [], 60_000],
  ['an event and a look', [{ acme: veth, told: true }], ['acme']],
  ['an event that came after the first look', [{ acme: veth }, { ...both, told: true }], []],
  ['two looks', [{ acme: veth }, { acme: veth }], ['acme']],
  ['two looks, and a repair between them that does not show', [{ acme: veth }, { acme: veth, repair: 'applied' }], []],
  [
    'told, and a repair that does not show',
    [
      { acme: veth, told: true },
      { acme: veth, repair: 'applied' },
    ],
    ['acme'],
  ],
  [
    'no uplink, and a repair of something else',
    [{ endpoint: fault('uplink') }, { endpoint: fault('uplink'), repair: 'applied' }],
    ['endpoint'],
  ],
  ['a look that shows it in order begins anew', [{ acme: veth }, {}, { acme: veth }], []],
  ['a look and lost packets', [{ acme: veth, lost: ['acme'] }], ['acme']],
  ["a look and another customer's lost packets", [{ acme: veth, lost: ['globex'] }], []],
  ['a look and a repair that failed', [{ acme: veth }, { acme: veth, repair: 'refused' }], ['acme']],
  ['several at once, told', [{ ...both, told: true }], []],
  ['several at once, told, and no repair in time', [{ ...both, told: true }], ['acme', 'globex'], REPAIR_BOUND_MS],
  ['several at once, told, mended', [{ ...both, told: true }, { repair: 'applied' }], []],
  [
    'several at once, told, one of them mended',
    [
      { ...both, told: true },
      { acme: veth, repair: 'applied' },
    ],
    ['acme'],
  ],
  [
    'several at once, told, the repair failed',
    [
      { ...both, told: true },
      { ...both, repair: 'refused' },
    ],
    ['acme', 'globex'],
  ],
  ['several at once, in three looks, nobody told', [both, both, both], [], 60_000],
  [
    'several at once, told, repaired, and still not to be seen',
    [
      { ...both, told: true },
      { ...both, repair: 'applied' },
    ],
    [],
    60_000,
  ],
  [
    'the same with lost packets of one',
    [
      { ...both, told: true },
      { ...both, repair: 'applied', lost: ['acme'] },
    ],
    ['acme'],
  ],
  ['a rule and a customer at once, told', [{ endpoint: fault('rule'), acme: veth, told: true }], []],
  [
    'a rule and a customer at once, told, and no repair in time',
    [{ endpoint: fault('rule'), acme: veth, told: true }],
    ['endpoint', 'acme'],
    REPAIR_BOUND_MS,
  ],
  ['no uplink, and a customer besides', [{ endpoint: fault('uplink'), acme: veth, told: true }], ['endpoint', 'acme']],
  [
    'a rule, told, beside a customer that is broken already',
    [{ acme: veth }, { endpoint: fault('rule'), acme: veth, told: true }],
    ['endpoint', 'acme'],
  ],
  ['an endpoint address, told', [{ endpoint: fault('address'), told: true }], ['endpoint']],
  ['one rule, told', [{ endpoint: fault('rule'), told: true }], ['endpoint']],
  ['all rules, told', [{ endpoint: fault('rule', 'rule'), told: true }], []],
  ['our table flushed', [{ endpoint: fault('ruleset'), told: true }], []],
  [
    'our table flushed and not restored in time',
    [{ endpoint: fault('ruleset'), told: true }],
    ['endpoint'],
    REPAIR_BOUND_MS,
  ],
  ['all uplinks down, which nobody repairs', [{ endpoint: fault('uplink', 'uplink'), told: true }], ['endpoint']],
  ['one of them in a namespace', [{ acme: fault('ruleset'), told: true }], ['acme']],
])('%s', (_, looks, expected, later = 0) => expect(provenAfter(looks, later)).toEqual(expected));

test('what waits for its repair says so, and only that', () => {
  const awaiting = (seen: Seen): boolean => {
    const look = lookAt(seen, 0);
    return isAwaitingRepair(afterLook(new Map(), look), look.verdict, look.at);
  };
  expect([{ ...both, told: true }, both, { acme: veth, told: true }, {}].map(awaiting)).toEqual([
    true,
    false,
    false,
    false,
  ]);
});

const states = fc.constantFrom<Verdict>(verified, veth, fault('ruleset'), fault('rule', 'rule'), {
  state: 'unknown',
  detail: 'no',
  since: 0,
});
const seen = fc.record({ endpoint: states, acme: states, globex: states });

test('nothing is proven by a single look without a witness, nor by any number of looks that show everything gone', () => {
  fc.assert(fc.property(seen, fc.nat(100_000), (one, later) => expect(provenAfter([one], later)).toEqual([])));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.nat(100_000), (count, later) => {
      const empty = { endpoint: fault('ruleset'), acme: fault('namespace'), globex: fault('namespace') };
      const looks = Array.from({ length: count }, (_, index) => ({
        ...empty,
        ...(index > 0 ? { repair: 'applied' as const } : {}),
      }));
      expect(provenAfter(looks, later)).toEqual([]);
    }),
  );
});

test('a subject of its own: what happens to one customer alone does not depend on looks at others', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ broken: fc.boolean(), told: fc.boolean() }), { minLength: 1, maxLength: 6 }),
      (looks) => {
        const alone = looks.map(({ broken, told }): Seen => ({ acme: broken ? veth : verified, told }));
        const noted = alone.map((look): Seen => ({
          ...look,
          globex: { state: 'verified', notes: ['standby missing'] },
        }));
        expect(provenAfter(noted)).toEqual(provenAfter(alone));
        expect(provenAfter(alone)).not.toContain(ENDPOINT);
      },
    ),
  );
});
