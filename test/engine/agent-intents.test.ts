import { IntentBook } from '../../src/engine/agent-intents.js';
import { prefix } from '../../src/model/address.js';
import type { Fleet } from '../../src/model/fleet.js';
import type { IntentRequest } from '../../src/model/intent.js';
import { acme, acmeFleet, amsS1, globex } from '../acme.js';
import { VirtualClock } from '../virtual-clock.js';
import { AgentWorld, inputOf, withGeneration } from './agent-world.js';
import { MemoryFiles } from './memory-files.js';

const ACME = prefix('203.0.113.0/24');
const GLOBEX = prefix('198.19.7.0/24');
const PATH = '/state/intents';

const word = (want: IntentRequest['want'], more: Partial<IntentRequest> = {}): IntentRequest => ({
  prefix: ACME,
  want,
  author: 'ann',
  reason: 'a test',
  ...more,
});

describe('the record', () => {
  const clock = new VirtualClock();
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  let files: MemoryFiles;
  beforeEach(() => {
    files = new MemoryFiles();
  });
  const open = async (): Promise<IntentBook> => {
    const book = new IntentBook(clock, log, { files, path: PATH });
    await book.refresh();
    return book;
  };
  const wants = ({ current }: IntentBook): unknown =>
    current === 'unreadable' ? current : [...current.values()].map((own) => `${own.prefix} ${own.want}`);

  it('keeps the last word about each prefix over a restart', async () => {
    const book = await open();
    await book.put(word('advertise'), amsS1());
    await book.put(word('withdraw'), amsS1());
    await book.put(word('withdraw', { prefix: GLOBEX }), amsS1());
    expect(wants(await open())).toEqual([`${ACME} withdraw`, `${GLOBEX} withdraw`]);
  });

  it('keeps every word of two that are said at once', async () => {
    const book = await open();
    await Promise.all([word('withdraw'), word('withdraw', { prefix: GLOBEX })].map((said) => book.put(said, amsS1())));
    expect([wants(book), wants(await open())]).toEqual(Array(2).fill([`${ACME} withdraw`, `${GLOBEX} withdraw`]));
  });

  it('forgets what has ended, also on disk, and not because the wall clock steps', async () => {
    const book = await open();
    await book.put(word('withdraw', { forMs: 60_000 }), amsS1());
    expect(book.changesAt).toBe(clock.now() + 60_000);
    await clock.advance(59_999);
    expect([wants(book), wants(await open())]).toEqual([[`${ACME} withdraw`], [`${ACME} withdraw`]]);
    await clock.advance(1);
    expect([wants(book), book.changesAt]).toEqual([[], undefined]);
    await book.refresh();
    expect(files.contents.get(PATH)).toBe('[]\n');
  });

  it.each([
    '',
    '{',
    '{}',
    '[{}]',
    '[{"prefix":"203.0.113.1/24","want":"withdraw","author":"a","reason":"r","at":"2026"}]',
  ])('that says %j is not taken for an empty one, until the next word', async (text) => {
    files.contents.set(PATH, text);
    const book = await open();
    expect([wants(book), files.contents.get(PATH)]).toEqual(['unreadable', text]);
    await book.put(word('withdraw'), amsS1());
    expect([wants(book), wants(await open())]).toEqual([[`${ACME} withdraw`], [`${ACME} withdraw`]]);
  });

  it('that cannot be read is asked for again', async () => {
    await (await open()).put(word('withdraw'), amsS1());
    const read = files.read.bind(files);
    files.read = () => Promise.reject(new Error('EIO'));
    const book = await open();
    expect(wants(book)).toBe('unreadable');
    files.read = read;
    await book.refresh();
    expect(wants(book)).toEqual([`${ACME} withdraw`]);
  });

  it('a word that cannot be kept is not in force', async () => {
    const book = await open();
    files.write = () => Promise.reject(new Error('ENOSPC'));
    await expect(book.put(word('withdraw'), amsS1())).rejects.toThrow('ENOSPC');
    expect(wants(book)).toEqual([]);
  });
});

describe('an agent', () => {
  let world: AgentWorld;
  const begin = (fleet?: Fleet): AgentWorld => (world = new AgentWorld(fleet));
  afterEach(() => world.stop('keep'));

  const dormant: Fleet = {
    ...acmeFleet,
    customers: [
      { ...acme, prefixes: acme.prefixes.map((own) => ({ ...own, advertise: false, onDemand: true })) },
      globex,
    ],
  };
  const said = async (request: IntentRequest): Promise<void> => {
    const kept = world.agent.intend(request);
    await world.clock.advance(100);
    await kept;
  };

  it('withdraws what an operator wants withdrawn, for as long as that was said, also after a restart', async () => {
    await begin().startAndSettle();
    await said(word('withdraw', { forMs: 30_000 }));
    expect([world.wire(ACME), world.levelOf(ACME), world.wire(GLOBEX)]).toEqual([
      'withdrawn',
      'withdrawn operator-withdraw',
      'full',
    ]);
    await world.stop('keep');
    await world.start();
    await world.clock.advance(5_000);
    expect([world.wire(ACME), world.agent.status().intents]).toMatchObject(['withdrawn', [{ author: 'ann' }]]);
    await world.clock.advance(26_000);
    expect([world.wire(ACME), world.agent.status().intents]).toEqual(['full', []]);
  });

  it('announces on demand, and not past a fault', async () => {
    await begin(dormant).startAndSettle();
    expect(world.levelOf(ACME)).toBe('withdrawn on-demand');
    await said(word('advertise'));
    expect([world.wire(ACME), world.levelOf(ACME)]).toEqual(['full', 'full healthy,operator-advertise']);
    world.refusal = (op) => (op.kind === 'veth-add' ? 'no more veths' : undefined);
    await world.damage((kernel) => kernel.dropVeth('cv-acme'));
    expect(world.wire(ACME)).toBe('withdrawn');
    await said(word('advertise'));
    expect(world.wire(ACME)).toBe('withdrawn');
  });

  it.each<[string, Partial<IntentRequest>, RegExp]>([
    ['a prefix that the fleet does not name', { prefix: prefix('9.9.9.0/24') }, /no customer's prefix in fleet/],
    ['what may never be announced', {}, /advertise: false for 203\.0\.113\.0\/24; write onDemand: true/],
  ])('refuses to advertise %s', async (_, request, message) => {
    const silent = acme.prefixes.map((own) => ({ ...own, advertise: false }));
    await begin({ ...acmeFleet, customers: [{ ...acme, prefixes: silent }, globex] }).startAndSettle();
    await expect(world.agent.intend(word('advertise', request))).rejects.toThrow(message);
  });

  it('brings nothing back, and takes nothing off, while the record cannot be read', async () => {
    await begin().startAndSettle();
    await said(word('withdraw'));
    await world.stop('keep');
    world.files.contents.set('/state/intents', 'garbage');
    await world.start();
    await world.clock.advance(5_000);
    expect([world.wire(ACME), world.wire(GLOBEX)]).toEqual(['withdrawn', 'full']);
    expect(world.agent.status().intents).toBe('unreadable');
    await said(word('advertise'));
    await world.clock.advance(2_000);
    expect(world.wire(ACME)).toBe('full');
  });
});

describe('a fleet that drops much of what is announced', () => {
  let world: AgentWorld;
  const careful = { ...acmeFleet.safety, maxWithdrawnShare: 0.25 };
  const empty = withGeneration('two', { customers: [], safety: careful });
  beforeEach(async () => {
    world = new AgentWorld({ ...acmeFleet, safety: careful });
    await world.startAndSettle();
  });
  afterEach(() => world.stop('keep'));
  const onWire = (): readonly unknown[] => [world.wire(ACME), world.wire(GLOBEX)];

  it('is refused in one line, and the last good one stays', async () => {
    expect(world.agent.follow(inputOf(empty))).toBe(
      'it drops 3 of 5 announced prefixes, 198.19.7.0/24 first, and 25% is permitted; if that is meant: culvert reload --allow-withdraw 60%',
    );
    await world.clock.advance(5_000);
    expect([onWire(), world.agent.status().generation]).toEqual([['full', 'full'], 'acme-test']);
  });

  it('is followed when somebody permits as much, and says so to the guard', async () => {
    const allowance = { share: 0.6, author: 'ann' };
    expect(world.agent.follow(inputOf(empty), { ...allowance, share: 0.5 })).toMatch(/^it drops 3 of 5/);
    expect(world.agent.follow(inputOf(empty), allowance)).toBeUndefined();
    await world.clock.advance(2_000);
    expect([onWire(), world.guard.offers.at(-1)]).toMatchObject([
      ['withdrawn', 'withdrawn'],
      { generation: 'two', allowance },
    ]);
  });

  it('is followed when only one customer leaves', async () => {
    expect(
      world.agent.follow(inputOf(withGeneration('two', { customers: [globex], safety: careful }))),
    ).toBeUndefined();
    await world.clock.advance(1_000);
    expect(onWire()).toEqual(['withdrawn', 'full']);
  });

  it('is not put into force by a restart either', async () => {
    await world.stop('keep');
    const before = world.guard.offers.length;
    await world.start(empty);
    await world.clock.advance(5_000);
    expect([onWire(), world.guard.offers.length]).toEqual([['full', 'full'], before]);
    expect(world.agent.status().guardProblem).toMatch(/fleet two is not put into force: it drops 3 of 5/);
    expect(world.agent.follow(inputOf(empty))).toMatch(/^it drops/);
    expect(world.agent.follow(inputOf(empty), { share: 1, author: 'ann' })).toBeUndefined();
    await world.clock.advance(2_000);
    expect(onWire()).toEqual(['withdrawn', 'withdrawn']);
  });
});
