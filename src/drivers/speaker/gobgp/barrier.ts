import { familyOf, type Prefix } from '../../../model/address.js';
import type { BarrierObserved } from '../../../model/path.js';
import { SpeakerError } from '../../../ports/speaker.js';
import { checkPrefix } from '../check-path.js';
import type { Api } from './api.js';
import {
  allowSets,
  barrierFromWire,
  barrierPolicy,
  changedSets,
  DIRECTIONS,
  GLOBAL,
  type ListedBarrier,
  POLICY,
  REJECT,
} from './convert-policy.js';
import { deleteLocal } from './paths.js';

const present = <T>(item: T | null): item is T => item !== null;

async function listBarrier(api: Api): Promise<ListedBarrier> {
  const [assignments, policies, sets] = await Promise.all([
    // Direction 0 stands for both.
    api.list('ListPolicyAssignment', { name: GLOBAL, direction: 0 }),
    api.list('ListPolicy', { name: POLICY }),
    api.listSets(),
  ]);
  return {
    assignments: assignments.map(({ assignment }) => assignment).filter(present),
    policies: policies.map(({ policy }) => policy).filter(present),
    sets,
  };
}

export const observeBarrier = async (api: Api): Promise<BarrierObserved> =>
  barrierFromWire(api.values, await listBarrier(api));

async function assign(api: Api, policies: readonly { readonly name: string }[]): Promise<void> {
  for (const direction of DIRECTIONS) {
    await api.call('SetPolicyAssignment', {
      assignment: { name: GLOBAL, direction, policies, default_action: REJECT },
    });
  }
}

/** Nothing passes in either direction. Only for a daemon whose barrier is not held: it would hide what is announced. */
export const closeBarrier = (api: Api): Promise<void> => assign(api, []);

const notHeld = (api: Api, detail: string): SpeakerError =>
  new SpeakerError('barrier-not-held', `${api.name}: the announce barrier is not in place: ${detail}`);

/** The allow-list of a barrier that is held; throws `SpeakerError` `barrier-not-held` otherwise. */
export async function requireBarrier(api: Api): Promise<readonly Prefix[]> {
  const barrier = await observeBarrier(api);
  switch (barrier.state) {
    case 'held':
      return barrier.allow;
    case 'absent':
      throw notHeld(api, 'no policy is assigned');
    case 'wrong':
      throw notHeld(api, barrier.detail);
  }
}

async function requireExactly(api: Api, wanted: ReadonlySet<Prefix>): Promise<void> {
  const held = new Set(await requireBarrier(api));
  const missing = [...wanted].filter((prefix) => !held.has(prefix));
  const extra = [...held].filter((prefix) => !wanted.has(prefix));
  if (missing.length === 0 && extra.length === 0) return;
  const some = (list: readonly Prefix[]): string => list.slice(0, 5).join(', ') || 'none';
  throw notHeld(api, `read back with ${some(missing)} missing and ${some(extra)} in excess`);
}

/**
 * Puts the barrier up and reads it back. What stands without being allowed is
 * withdrawn first, because behind the new policy peers would not be told.
 * While another policy is assigned everything is closed: replacing policies
 * under an assignment that does not name ours would let everything pass.
 */
export async function installBarrier(api: Api, allow: readonly Prefix[]): Promise<void> {
  allow.forEach(checkPrefix);
  const wanted = new Set(allow);
  const before = await observeBarrier(api);
  const same =
    before.state === 'held' && before.allow.length === wanted.size && before.allow.every((p) => wanted.has(p));
  if (same) return;
  await deleteLocal(api, ({ prefix }) => !wanted.has(prefix as Prefix));
  if (before.state !== 'held') await closeBarrier(api);
  const sets = allowSets(api.values, [...wanted].sort());
  await api.call('SetPolicies', { defined_sets: sets, policies: [barrierPolicy(api.values)] }, wanted.size);
  await assign(api, [{ name: POLICY }]);
  await requireExactly(api, wanted);
}

/** Adds to the allow-list; what is there already is not added again, because GoBGP would list it twice. */
export async function allow(api: Api, prefixes: readonly Prefix[]): Promise<void> {
  prefixes.forEach(checkPrefix);
  const held = new Set(await requireBarrier(api));
  const missing = [...new Set(prefixes)].filter((prefix) => !held.has(prefix));
  if (missing.length === 0) return;
  for (const set of changedSets(api.values, missing))
    await api.call('AddDefinedSet', { defined_set: set }, missing.length);
  await requireExactly(api, new Set([...held, ...missing]));
}

/**
 * Takes from the allow-list. A path that still stands for one of the prefixes
 * is withdrawn first: behind a tightened policy its peers would keep it.
 */
export async function disallow(api: Api, prefixes: readonly Prefix[]): Promise<void> {
  const held = new Set(await requireBarrier(api));
  const leaving = new Set(prefixes.filter((prefix) => held.has(prefix)));
  if (leaving.size === 0) return;
  await deleteLocal(api, ({ prefix }) => leaving.has(prefix as Prefix), [...new Set([...leaving].map(familyOf))]);
  for (const set of changedSets(api.values, [...leaving]))
    await api.call('DeleteDefinedSet', { defined_set: set }, leaving.size);
  await requireExactly(api, new Set([...held].filter((prefix) => !leaving.has(prefix))));
}
