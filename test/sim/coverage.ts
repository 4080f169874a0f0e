/** What the seeds have met. */
import { type ReasonCode, REASONS } from '../../src/model/reason.js';

export const SUBJECTS = ['fault', 'transition', 'reason'] as const;
export type Subject = (typeof SUBJECTS)[number];
export type Tally = Readonly<Record<Subject, Readonly<Record<string, number>>>>;

/** Codes that no engine gives yet: nobody tells a server what the others announce. One that is seen has to leave this list. */
const UNCONNECTED: readonly ReasonCode[] = ['last-sites'];

const LEVELS = ['withdrawn', 'degraded', 'full'] as const;

export class Coverage {
  private readonly counts: Record<Subject, Record<string, number>> = { fault: {}, transition: {}, reason: {} };

  saw(subject: Subject, name: string, times = 1): void {
    this.counts[subject][name] = (this.counts[subject][name] ?? 0) + times;
  }

  add(other: Tally): void {
    for (const subject of SUBJECTS) {
      for (const [name, times] of Object.entries(other[subject])) this.saw(subject, name, times);
    }
  }

  get tally(): Tally {
    return this.counts;
  }

  /** What never happened although it can. */
  missing(faults: readonly string[]): readonly string[] {
    const transitions = LEVELS.flatMap((from) => LEVELS.flatMap((to) => (from === to ? [] : [`${from} → ${to}`])));
    const wanted: Readonly<Record<Subject, readonly string[]>> = {
      fault: faults,
      transition: transitions,
      reason: Object.keys(REASONS).filter((code) => !UNCONNECTED.some((other) => other === code)),
    };
    const connected = UNCONNECTED.filter((code) => this.counts.reason[code]);
    return [
      ...SUBJECTS.flatMap((subject) =>
        wanted[subject].filter((name) => !this.counts[subject][name]).map((name) => `${subject} ${name}`),
      ),
      ...connected.map((code) => `reason ${code} as unconnected: it was given`),
    ];
  }

  render(): string {
    return SUBJECTS.map((subject) => {
      const sorted = Object.entries(this.counts[subject]).sort(([a], [b]) => (a < b ? -1 : 1));
      return [`${subject}s`, ...sorted.map(([name, times]) => `  ${String(times).padStart(9)}  ${name}`)].join('\n');
    }).join('\n');
  }
}
