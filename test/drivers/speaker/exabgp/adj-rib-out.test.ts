import fc from 'fast-check';
import { AdjRibOut } from '../../../../src/drivers/speaker/exabgp/adj-rib-out.js';
import { Changes } from '../../../../src/drivers/speaker/exabgp/commands.js';
import type { Neighbor } from '../../../../src/drivers/speaker/exabgp/show.js';
import { address, type Prefix, prefix } from '../../../../src/model/address.js';
import { Outgoing } from './outgoing.js';

const NEIGHBOR: Neighbor = {
  localAsn: 64_500,
  routerId: address('198.18.1.11'),
  ours: true,
  peer: {
    ...{ address: address('198.18.1.1'), asn: 64_500, localAddress: address('198.18.1.11'), families: [4] },
    ...{ hold: 9, keepalive: 3, ttlSecurity: false, gracefulRestart: 0, passive: false, multihop: 0, maxPrefix: {} },
  },
};
const PREFIXES = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'].map(prefix);
const SESSION = { state: 'established', negotiated: [4] } as const;

/** One neighbour of the bridge, and the daemon's side of it. */
class Pair {
  readonly rib = new AdjRibOut(NEIGHBOR);
  readonly daemon = new Outgoing();
  readonly table = new Map<Prefix, string>();
  foreign = 0;

  want(of: Prefix, text: string | undefined): void {
    if (text === undefined) this.table.delete(of);
    else this.table.set(of, text);
    this.settle([of]);
  }

  settle(prefixes: readonly Prefix[]): void {
    const [withdraw, announce] = [new Changes(), new Changes()];
    this.rib.change(prefixes, (of) => this.table.get(of), withdraw, announce);
    for (const change of withdraw) for (const of of change.prefixes) this.daemon.tell(of, undefined, 'next-hop');
    for (const { prefixes: all, attributes } of announce) {
      for (const of of all) this.daemon.tell(of, attributes, attributes);
    }
  }

  up(): void {
    this.daemon.up();
    this.rib.up();
    this.rib.look(SESSION);
  }

  down(): void {
    this.daemon.down();
    this.rib.down();
    this.settle(this.rib.due);
  }

  reload(): void {
    this.rib.resending();
    this.daemon.resend();
  }

  send(count: number): void {
    this.daemon.begin();
    for (let n = 0; n < count; n++) {
      const sent = this.daemon.send();
      if (!sent) return;
      if (this.rib.told(sent.prefix as Prefix, sent.text) === 'foreign') this.foreign++;
      this.settle(this.rib.due);
    }
  }

  /** As after a second without news. */
  urge(): void {
    for (const of of [...this.rib.open]) if (!this.rib.given.has(of)) this.daemon.tell(of, undefined, 'next-hop');
    if ([...this.rib.open].some((of) => this.rib.given.has(of))) this.daemon.resend();
  }
}

type Step = (pair: Pair) => void;
type Weighted = { readonly weight: number; readonly arbitrary: fc.Arbitrary<Step> };
const ordinary: readonly Weighted[] = [
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom(...PREFIXES), fc.constantFrom('x', 'y', 'z', undefined)).map(
      ([of, text]): Step =>
        (pair) =>
          pair.want(of, text),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.nat(4).map(
      (count): Step =>
        (pair) =>
          pair.send(count),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Step>((pair) => (pair.rib.isEstablished ? pair.down() : pair.up())) },
];
const reload: Weighted = {
  weight: 1,
  arbitrary: fc.constant<Step>((pair) => (pair.rib.isEstablished ? pair.reload() : undefined)),
};

/** Everything is sent, and what did not come is asked for. */
const settled = (pair: Pair): void => {
  for (let n = 0; n < 4; n++) {
    pair.send(100);
    pair.urge();
  }
  pair.send(100);
  expect([...pair.rib.open]).toEqual([]);
  expect([...pair.daemon.wire].sort()).toEqual([...pair.table].sort());
  expect([...pair.rib.given].sort()).toEqual([...pair.table].sort());
};

test('after any history, and in whatever order the daemon sends, the router ends with the table', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(...ordinary), { maxLength: 40 }), (history) => {
      const pair = new Pair();
      for (const step of history) step(pair);
      if (!pair.rib.isEstablished) pair.up();
      settled(pair);
      expect(pair.foreign).toBe(0);
    }),
    { numRuns: 2_000 },
  );
});

test('the same with reloads in between, which send everything again: what went wrong is asked for', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(...ordinary, reload), { maxLength: 40 }), (history) => {
      const pair = new Pair();
      for (const step of history) step(pair);
      if (!pair.rib.isEstablished) pair.up();
      settled(pair);
    }),
    { numRuns: 2_000 },
  );
});

test('a reload that overtakes a change: the older of two announcements goes out last, and the newer is asked for', () => {
  const pair = new Pair();
  const [of, other] = PREFIXES;
  pair.want(other!, 'y');
  pair.up();
  pair.want(of!, 'x');
  pair.send(1);
  pair.want(of!, 'y');
  pair.reload();
  pair.send(100);
  pair.send(100);
  expect(pair.daemon.wire.get(of!)).toBe('x');
  expect([...pair.rib.open]).toEqual([of]);
  pair.urge();
  pair.send(100);
  expect(pair.daemon.wire.get(of!)).toBe('y');
  expect([...pair.rib.open]).toEqual([]);
});

test('a withdrawal waits for nothing', () => {
  const pair = new Pair();
  const [of] = PREFIXES;
  pair.up();
  pair.want(of!, 'x');
  pair.want(of!, undefined);
  pair.send(100);
  expect(pair.daemon.wire.size).toBe(0);
});

test('what nobody gave is foreign, what was given before and is overtaken is not', () => {
  const pair = new Pair();
  const [of, other] = PREFIXES;
  pair.up();
  pair.want(of!, 'x');
  pair.want(of!, undefined);
  expect(pair.rib.told(of!, 'x')).toBe('ours');
  pair.want(other!, 'x');
  expect(pair.rib.told(other!, 'y')).toBe('foreign');
  expect(pair.rib.told(other!, 'x')).toBe('ours');
});

test('a family that the peer does not carry holds nothing up', () => {
  const pair = new Pair();
  const [of] = PREFIXES;
  pair.up();
  pair.want(of!, 'x');
  pair.rib.look({ state: 'established', negotiated: [6] });
  expect([...pair.rib.open]).toEqual([]);
});
