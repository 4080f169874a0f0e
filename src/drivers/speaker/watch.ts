import type { Doubt, Subscription } from '../../ports/speaker.js';
import type { OpenStream } from './client.js';

export interface EventListener {
  event(doubt: Doubt): void;
  /** Called once, for any reason but `cancel`. */
  ended(): void;
}

/** A daemon that can stream its events. */
export interface EventSource {
  watchEvents(listener: EventListener): OpenStream;
}

/** Milliseconds before the first attempt to reconnect, and at most. Soon, because a daemon that is back must be configured. */
const FIRST_BACKOFF = 50;
const MAX_BACKOFF = 1_000;

/**
 * Keeps an event stream open and calls `wake` on every event and, with
 * everything in doubt, on every loss. After a loss it opens the stream again, later each time up to a
 * second, until `stop`; an event makes the next attempt early again.
 */
export function watchEvents(source: EventSource, wake: (doubt: Doubt) => void): Subscription {
  let stopped = false;
  let backoff = FIRST_BACKOFF;
  let stream: OpenStream | undefined;
  let timer: NodeJS.Timeout | undefined;

  const open = (): void => {
    stream = source.watchEvents({
      event: (doubt) => {
        backoff = FIRST_BACKOFF;
        wake(doubt);
      },
      ended: () => {
        if (stopped) return;
        timer = setTimeout(open, backoff);
        backoff = Math.min(backoff * 2, MAX_BACKOFF);
        wake('everything');
      },
    });
  };
  open();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      stream?.cancel();
    },
  };
}
