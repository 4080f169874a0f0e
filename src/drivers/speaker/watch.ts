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
/** Milliseconds that a stream's first event is waited for. */
const FIRST_EVENT_MS = 1_000;

export interface Watch extends Subscription {
  /** Closes the stream until `resume`: for what makes so many events that they would only hold it up. */
  pause(): void;
  /** Resolves when events come again: daemons begin a stream with one. What happened in between has to be looked for. */
  resume(): Promise<void>;
}

/**
 * Keeps an event stream open and calls `wake` on every event and, with
 * everything in doubt, on every loss and when the stream is there again. After
 * a loss it opens the stream again, later each time up to a second, until
 * `stop`; an event makes the next attempt early again.
 */
export function watchEvents(source: EventSource, wake: (doubt: Doubt) => void): Watch {
  let stopped = false;
  let backoff = FIRST_BACKOFF;
  let stream: OpenStream | undefined;
  let timer: NodeJS.Timeout | undefined;
  /** Nobody has listened for a while. */
  let missed = false;
  let there: () => void = () => undefined;

  const open = (): void => {
    stream = source.watchEvents({
      event: (doubt) => {
        backoff = FIRST_BACKOFF;
        wake(missed ? 'everything' : doubt);
        missed = false;
        there();
      },
      ended: () => {
        if (stopped) return;
        timer = setTimeout(open, backoff);
        backoff = Math.min(backoff * 2, MAX_BACKOFF);
        missed = true;
        wake('everything');
      },
    });
  };
  const close = (): void => {
    clearTimeout(timer);
    stream?.cancel();
  };
  open();
  return {
    pause: () => {
      close();
      missed = true;
    },
    resume: () =>
      new Promise((resolve) => {
        const bound = setTimeout(resolve, FIRST_EVENT_MS);
        there = () => {
          clearTimeout(bound);
          resolve();
        };
        if (stopped) there();
        else open();
      }),
    stop: () => {
      stopped = true;
      close();
      there();
    },
  };
}
