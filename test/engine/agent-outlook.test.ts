import fc from 'fast-check';
import { judgeDataPlane } from '../../src/decide/data-plane.js';
import { desiredKernel } from '../../src/decide/kernel.js';
import { Outlook } from '../../src/engine/agent-outlook.js';
import type { TunnelHealth } from '../../src/model/health.js';
import { planKernel } from '../../src/plan/kernel.js';
import { acmeFleet, globex } from '../acme.js';
import { DAMAGES } from '../plan/damages.js';
import { FakeKernel } from '../plan/fake-kernel.js';
import { inputOf } from './agent-world.js';

const inputs = [inputOf(acmeFleet), inputOf({ ...acmeFleet, customers: [globex] })] as const;

type Step =
  | { readonly kind: 'look' | 'repair' | 'other fleet' }
  | { readonly kind: 'damage'; readonly name: string; readonly at: number }
  | { readonly kind: 'health'; readonly us: TunnelHealth };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.constantFrom<Step>({ kind: 'look' }, { kind: 'repair' }, { kind: 'other fleet' }),
    fc.record({
      kind: fc.constant('damage' as const),
      name: fc.constantFrom(...Object.keys(DAMAGES)),
      at: fc.nat({ max: 50 }),
    }),
    fc.record({ kind: fc.constant('health' as const), us: fc.constantFrom<TunnelHealth>('up', 'down') }),
  ),
  { minLength: 1, maxLength: 25 },
);

test('concludes after any history what it would conclude without one', () => {
  fc.assert(
    fc.property(steps, (history) => {
      let [input, us]: [(typeof inputs)[number], TunnelHealth] = [inputs[0], 'up'];
      const tunnelHealth = (_: string, tunnel: string): TunnelHealth => (tunnel === 'us' ? us : 'up');
      const wished = () => desiredKernel(input.view, { tunnelHealth, rulesets: input.rulesets, hashing: 'resilient' });
      const texts = new Map(inputs[0].rulesets.map(({ netns, ruleset }) => [netns, ruleset]));
      const kernel = new FakeKernel(['eth1'], wished().sysctls, texts);
      const outlook = new Outlook('resilient');
      for (const step of history) {
        if (step.kind === 'other fleet') input = input === inputs[0] ? inputs[1] : inputs[0];
        if (step.kind === 'health') us = step.us;
        if (step.kind === 'repair')
          for (const op of planKernel(wished(), kernel.observe(), { prune: true })) kernel.execute(op);
        if (step.kind === 'damage')
          DAMAGES[step.name]?.(kernel, (items) => {
            const all = [...items];
            return all[step.at % all.length];
          });
        const [observed, desired] = [kernel.observe(), outlook.desired(input, tunnelHealth)];
        expect(desired).toEqual(wished());
        expect(outlook.judge(input.view, desired, observed)).toEqual(judgeDataPlane(input.view, desired, observed));
        for (const prune of [true, false])
          expect(outlook.plan(desired, observed, prune)).toEqual(planKernel(desired, observed, { prune }));
      }
    }),
  );
});

test('a look that shows the same, counters apart, gives the very same wish and verdict', () => {
  const outlook = new Outlook('resilient');
  const [input] = inputs;
  const desired = outlook.desired(input, () => 'up');
  const kernel = new FakeKernel(['eth1'], desired.sysctls, new Map());
  for (const op of planKernel(desired, kernel.observe(), { prune: true })) kernel.execute(op);
  const first = outlook.judge(input.view, desired, kernel.observe());
  const counted = kernel.observe().rulesets.map((one) => ({ ...one, counters: [{ name: 'a', packets: 1, bytes: 1 }] }));
  expect(outlook.desired(input, () => 'up')).toBe(desired);
  expect(outlook.judge(input.view, desired, { ...kernel.observe(), rulesets: counted })).toBe(first);
});
