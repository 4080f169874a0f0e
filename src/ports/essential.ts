import type { EssentialCheck, EssentialFinding } from '../model/essential.js';

/** Looks at kernel objects for the guard. Starts no process and changes nothing. */
export interface EssentialChecks {
  /** One finding per check, in order. Never rejects: what cannot be read is unknown. */
  look(checks: readonly EssentialCheck[]): Promise<readonly EssentialFinding[]>;
}
