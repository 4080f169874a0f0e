/**
 * A speaker that is read before anybody asks for it: of very many prefixes
 * that takes a daemon a second, in which whoever will ask can read something
 * else.
 *
 * Invariants: a look is handed over once, and soon; whoever takes it for one
 * that begins when it is asked for is told then what has been in doubt since
 * it began.
 */
import type { Clock } from '../../ports/clock.js';
import type { Doubt, Speaker } from '../../ports/speaker.js';

/** What raises no event, the policy above all, must not be older when it is handed over. */
const FRESH_MS = 1_000;
/** Of more events than these nobody keeps the names. */
const MOST_DOUBTS = 1_000;

interface Look {
  readonly observed: ReturnType<Speaker['observe']>;
  state: { readonly is: 'under-way' | 'failed' } | { readonly is: 'done'; readonly at: number };
}

function begin(speaker: Speaker, clock: Clock): Look {
  const look: Look = { observed: speaker.observe(), state: { is: 'under-way' } };
  look.observed.then(
    () => (look.state = { is: 'done', at: clock.now() }),
    () => (look.state = { is: 'failed' }),
  );
  return look;
}

/** Begins to read and to watch at once. */
export function readAhead(speaker: Speaker, clock: Clock): Speaker {
  let ahead: Look | undefined = begin(speaker, clock);
  let listener: ((doubt: Doubt) => void) | undefined;
  let doubts: Doubt[] = [];
  const watching = speaker.watch((doubt) => {
    if (ahead) doubts = doubts.length < MOST_DOUBTS ? [...doubts, doubt] : ['everything'];
    listener?.(doubt);
  });
  /** `undefined` where a look that begins now is the better one. */
  const take = (): Look['observed'] | undefined => {
    const [look, missed] = [ahead, doubts];
    [ahead, doubts] = [undefined, []];
    if (!look || look.state.is === 'failed') return undefined;
    if (look.state.is === 'done' && clock.now() > look.state.at + FRESH_MS) return undefined;
    for (const doubt of missed) listener?.(doubt);
    return look.observed;
  };
  return {
    ...speaker,
    observe: () => take() ?? speaker.observe(),
    watch: (wake) => {
      if (listener) return speaker.watch(wake);
      listener = wake;
      return watching;
    },
  };
}
