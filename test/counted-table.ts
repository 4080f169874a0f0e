import type { SpeakerObserved } from '../src/model/path.js';

type Table = Pick<Extract<SpeakerObserved, { state: 'started' }>, 'paths' | 'foreignPaths'>;

/** What a driver may show that only counts: the table from before, when the one that stands has its size. */
export function unlessCounted(before: SpeakerObserved | undefined, { paths, foreignPaths }: Table): Table {
  if (before?.state !== 'started') return { paths, foreignPaths };
  const sizeOf = (table: Table): number => table.paths.length + table.foreignPaths.length;
  const { paths: known, foreignPaths: knownForeign } = before;
  return sizeOf(before) === paths.length + foreignPaths.length
    ? { paths: known, foreignPaths: knownForeign }
    : { paths, foreignPaths };
}
