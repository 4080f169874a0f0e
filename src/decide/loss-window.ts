/**
 * How many probes of one tunnel were sent and lost over a sliding window.
 *
 * Counted in slices, so that a window of five minutes costs the same at five
 * probes a second as at one; what is forgotten is forgotten a slice at a time.
 */

interface Slice {
  readonly from: number;
  readonly sent: number;
  readonly lost: number;
}

export interface LossWindow {
  /** Finished slices, oldest first. */
  readonly past: readonly Slice[];
  readonly current: Slice;
  /** Of the finished slices. */
  readonly sent: number;
  readonly lost: number;
}

export interface Losses {
  readonly sent: number;
  readonly lost: number;
}

/** The window forgets in steps of a thirtieth: ten seconds of five minutes. */
const SLICES = 30;

export const emptyWindow = (now: number): LossWindow => ({
  past: [],
  current: { from: now, sent: 0, lost: 0 },
  sent: 0,
  lost: 0,
});

/** One more probe, at a time that is not before the last one's. */
export function counted(window: LossWindow, now: number, lost: boolean, windowMs: number): LossWindow {
  const { past, current, ...sums } =
    window.current.from + windowMs / SLICES > now ? window : turned(window, now, windowMs);
  return {
    past,
    current: { from: current.from, sent: current.sent + 1, lost: current.lost + (lost ? 1 : 0) },
    ...sums,
  };
}

function turned({ past, current }: LossWindow, now: number, windowMs: number): LossWindow {
  const kept = [...past, current].filter(({ from }) => from > now - windowMs);
  return {
    past: kept,
    current: { from: now, sent: 0, lost: 0 },
    sent: kept.reduce((sum, { sent }) => sum + sent, 0),
    lost: kept.reduce((sum, { lost }) => sum + lost, 0),
  };
}

export const lossesOf = ({ sent, lost, current }: LossWindow): Losses => ({
  sent: sent + current.sent,
  lost: lost + current.lost,
});
