/** Only the agent that said hello last is heard: one that wakes up with an old epoch changes nothing. */
import type { Process } from '../process.js';
import type { Server } from '../server.js';
import { Violation } from '../violation.js';
import type { Watcher } from '../world.js';

interface Holder {
  readonly agent: Process;
  readonly guard: Process | undefined;
  readonly epoch: number;
  sequence: number;
}

export function oldEpochsAreRefused(): Watcher {
  const holders = new Map<Server, Holder>();
  return {
    greeted: (server, agent, answer) => {
      if (!answer.accepted) return;
      const before = holders.get(server);
      const guard = server.guard?.process;
      // Answers overtake each other only between guards.
      if (before?.guard === guard && before && answer.epoch <= before.epoch)
        throw new Violation('epochs rise', `${server.name}: ${answer.epoch} after ${before.epoch}`);
      holders.set(server, { agent, guard, epoch: answer.epoch, sequence: 0 });
    },
    offering: (server, agent, set) => {
      const holder = holders.get(server);
      const isNew = holder !== undefined && set.sequence > holder.sequence;
      const text = `${server.name} accepts epoch ${set.epoch}, sequence ${set.sequence}`;
      return (answer) => {
        if (!answer.accepted) return;
        if (holder?.agent !== agent || holder.epoch !== set.epoch)
          throw new Violation(
            'only the current epoch is heard',
            `${text}; the current one is ${holder?.epoch ?? 'none'}`,
          );
        if (!isNew) throw new Violation('sequences rise', `${text} after ${holder.sequence}`);
        holder.sequence = Math.max(holder.sequence, set.sequence);
      };
    },
  };
}
