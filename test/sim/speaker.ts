/** The guard's connection to the gobgpd of its server, whichever process that is at the moment. */
import { type Doubt, type Speaker, SpeakerError } from '../../src/ports/speaker.js';
import { EVERYTHING } from '../fake-speaker.js';
import type { Daemon } from './daemon.js';
import type { Process } from './process.js';

/** The driver's own, per call. */
const DEADLINE_MS = 2_000;
const SLOW_MS = 700;

export interface SpeakerLine {
  /** `undefined` while none runs. */
  daemon(): Daemon | undefined;
  latencyMs(): number;
  /** A daemon that comes back is noticed like one that goes. */
  onRestart(heard: () => void): { stop(): void };
}

export function simulatedSpeaker(caller: Process, line: SpeakerLine): Speaker {
  const fail = (reason: SpeakerError['reason'], text: string): never => {
    throw new SpeakerError(reason, `gobgpd: ${text}`);
  };
  /** What a daemon that stands still was asked waits in its socket; it goes on, dies, or its caller gives up. */
  const stirs = (daemon: Daemon): Promise<void> =>
    new Promise((resolve, reject) => {
      const deadline = caller.after(DEADLINE_MS, () =>
        reject(new SpeakerError('timeout', `gobgpd: no answer within ${DEADLINE_MS} ms`)),
      );
      const stirred = (): void => (deadline.cancel(), resolve());
      daemon.process.after(0, stirred);
      daemon.process.onEnd(stirred);
    });
  const call = async <T>(work: (daemon: Daemon) => T): Promise<T> => {
    const daemon = line.daemon();
    if (!daemon) return caller.hears(line.latencyMs(), () => fail('unreachable', 'nobody listens'));
    if (!daemon.process.isRunning) await stirs(daemon);
    if (daemon.fault === 'garbage')
      return caller.hears(line.latencyMs(), () => fail('invalid', 'its answer makes no sense'));
    const ms = daemon.fault === 'slow' ? SLOW_MS : line.latencyMs();
    return caller.hears(ms, () => {
      if (line.daemon() !== daemon) fail('unreachable', 'the connection broke');
      return work(daemon);
    });
  };
  const subscriptions = new Set<{ stop(): void }>();
  return {
    name: 'gobgpd',
    program: 'gobgpd',
    can: EVERYTHING,
    observe: () => call((daemon) => daemon.observe()),
    recheck: (since) => call((daemon) => daemon.recheck(since)),
    apply: async (ops) => {
      for (const op of ops) await call((daemon) => daemon.execute(op));
    },
    stillSent: (prefixes, peers) => call((daemon) => daemon.stillSent(prefixes, peers)),
    watch: (wake) => {
      const heard = (doubt: Doubt): void => void caller.after(0, () => wake(doubt));
      let current = line.daemon()?.watch(heard);
      const restarts = line.onRestart(() => {
        current?.stop();
        current = line.daemon()?.watch(heard);
        heard('everything');
      });
      const subscription = {
        stop: () => {
          current?.stop();
          restarts.stop();
          subscriptions.delete(subscription);
        },
      };
      subscriptions.add(subscription);
      caller.onEnd(() => subscription.stop());
      return subscription;
    },
    close: () => {
      for (const subscription of [...subscriptions]) subscription.stop();
    },
  };
}
