import { comparePrefix } from '../src/model/address.js';
import type { List } from '../src/model/list.js';
import type { Path, SpeakerObserved } from '../src/model/path.js';
import type { Since } from '../src/ports/speaker.js';

const inOrder = (paths: List<Path>, before: List<Path>): List<Path> =>
  paths === before ? before : [...paths].sort((a, b) => comparePrefix(a.prefix, b.prefix));

/** What a driver may show that looks no deeper than it was asked to: a table of another size is for a whole look. */
export function rechecked(truth: SpeakerObserved, since: Since): SpeakerObserved | undefined {
  if (truth.state !== 'started') return truth;
  const { observed, doubted, barrier } = since;
  const named = new Set<string>(doubted);
  const merged = <T extends { readonly prefix: string }, L extends List<T>>(before: L, now: List<T>): L | T[] =>
    named.size === 0
      ? before
      : [...before.filter((a) => !named.has(a.prefix)), ...now.filter((a) => named.has(a.prefix))];
  const paths = inOrder(merged(observed.paths, truth.paths), observed.paths);
  const foreignPaths = merged(observed.foreignPaths, truth.foreignPaths);
  const isAccountedFor =
    !barrier || paths.length + foreignPaths.length === truth.paths.length + truth.foreignPaths.length;
  return isAccountedFor
    ? { ...truth, paths, foreignPaths, barrier: barrier ? truth.barrier : observed.barrier }
    : undefined;
}
