import type { NetlinkMessages } from '../../ports/netlink.js';
import type { Answer } from './answer.js';
import type { Datagram } from './datagram.js';

/** Eight for each of four thousand namespaces; beyond them the longest unasked is forgotten. */
const MOST_QUESTIONS = 32_768;

interface Reading {
  readonly datagrams: readonly Datagram[];
  readonly messages: NetlinkMessages;
}

/**
 * What was answered last to each question. The kernel is asked every time; but
 * what it repeats byte for byte is the same object, so that what was made of
 * it stands and nothing is read or copied. Reading is by far the most of a
 * dump's cost.
 */
export class Recall {
  private readonly last = new Map<string, Reading>();

  /** Of the last answer. */
  datagrams(question: string): readonly Datagram[] {
    return this.last.get(question)?.datagrams ?? [];
  }

  read(question: string, answer: Answer): NetlinkMessages {
    const before = this.last.get(question);
    const reading = before && isSame(before.datagrams, answer.datagrams) ? before : readingOf(answer);
    this.last.delete(question);
    this.last.set(question, reading);
    for (const oldest of this.last.keys()) {
      if (this.last.size <= MOST_QUESTIONS) break;
      this.last.delete(oldest);
    }
    return reading.messages;
  }
}

const readingOf = (answer: Answer): Reading => ({ datagrams: answer.datagrams, messages: answer.messages() });

const isSame = (a: readonly Datagram[], b: readonly Datagram[]): boolean =>
  a.length === b.length && a.every((datagram, place) => datagram === b[place]);
