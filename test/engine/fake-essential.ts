import type { EssentialCheck, EssentialFinding } from '../../src/model/essential.js';
import type { EssentialChecks } from '../../src/ports/essential.js';

/** Kernel objects that stand until somebody takes them away. */
export class FakeEssential implements EssentialChecks {
  /** Devices and addresses that are missing. */
  readonly missing = new Set<string>();
  /** Why nothing can be seen. */
  blind: string | undefined;
  looks = 0;

  async look(checks: readonly EssentialCheck[]): Promise<readonly EssentialFinding[]> {
    this.looks++;
    return checks.map((check) => this.judge(check));
  }

  private judge(check: EssentialCheck): EssentialFinding {
    if (this.blind !== undefined) return { state: 'unknown', detail: this.blind };
    const needed = check.kind === 'links' ? check.devices : [check.address];
    return needed.every((name) => this.missing.has(name))
      ? { state: 'broken', detail: `${needed.join(', ')} missing` }
      : { state: 'good' };
  }
}
