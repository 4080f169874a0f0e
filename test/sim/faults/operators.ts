/** What operators ask for, and a record of it that nobody can read. */
import type { Prefix } from '../../../src/model/address.js';
import type { IntentRequest } from '../../../src/model/intent.js';
import type { Random } from '../random.js';
import { INTENTS, type Server } from '../server.js';
import type { World } from '../world.js';
import { type FaultKind, onEach } from './fault.js';

const word = (prefix: Prefix, want: IntentRequest['want']): IntentRequest => ({
  ...{ prefix, want, author: 'noc', reason: 'maintenance' },
});

/** An agent that takes over has to know what the one before was told. */
function restartSoon(server: Server, random: Random, world: World): void {
  if (!random.chance(0.5)) return;
  world.timeline.after(random.between(200, 2_000), () => {
    server.agent?.process.end();
    server.startAgent();
  });
}

/** Longer and shorter than the fault that says it. */
const expiry = (random: Random): Pick<IntentRequest, 'forMs'> =>
  random.chance(0.5) ? { forMs: random.between(200, 15_000) } : {};

const prefixesOf = ({ fleet }: World, isMeant: (prefix: { advertise: boolean; onDemand?: boolean }) => boolean) =>
  fleet.customers.flatMap(({ prefixes }) => prefixes.filter(isMeant).map(({ prefix }) => prefix));

export const OPERATOR_FAULTS: readonly FaultKind[] = [
  {
    name: 'operator drains',
    ...{ withdraws: 'always', lasts: [300, 8_000], everywhere: false },
    strike: onEach((server, random) => {
      void server.guard?.guard.drain(random.pick(['server', 'site'] as const));
      return () => void server.undrain();
    }),
  },
  {
    name: 'operator withdraws a prefix',
    // What was said tells whom it concerns.
    ...{ withdraws: 'never', lasts: [300, 15_000], everywhere: true },
    strike: onEach((server, random, world) => {
      const prefix = random.pick(prefixesOf(world, ({ advertise }) => advertise));
      const said = { ...word(prefix, 'withdraw'), ...expiry(random) };
      server.says(said);
      restartSoon(server, random, world);
      return () => server.says(word(prefix, 'advertise'));
    }),
  },
  {
    name: 'operator demands a prefix',
    ...{ withdraws: 'never', lasts: [300, 15_000], everywhere: true },
    strike: onEach((server, random, world) => {
      const prefix = random.pick(prefixesOf(world, ({ onDemand }) => onDemand === true));
      const said = { ...word(prefix, 'advertise'), ...expiry(random) };
      server.says(said);
      return () => server.says(word(prefix, 'withdraw'));
    }),
  },
  {
    name: 'intents unreadable',
    ...{ withdraws: 'never', lasts: [500, 8_000], everywhere: true },
    strike: onEach((server, random, world) => {
      const prefix = random.pick(prefixesOf(world, ({ advertise }) => advertise));
      server.files.contents.set(INTENTS, '[{"prefix":');
      server.agent?.process.end();
      server.startAgent();
      // Only another word replaces what is not understood, and whatever still counts has to be said again.
      return () => {
        const standing = [...server.takenOut].filter(([other, how]) => how === 'for good' && other !== prefix);
        server.says(word(prefix, 'advertise'));
        for (const [other] of standing) server.says(word(other, 'withdraw'));
      };
    }),
  },
];
