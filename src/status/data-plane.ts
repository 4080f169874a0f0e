import type { DataPlaneVerdict, Verdict } from '../model/verdict.js';
import type { DataPlaneStatus } from './agent.js';

/** Endpoint first, then customers by name. */
export function dataPlaneStatus(verdict: DataPlaneVerdict): readonly DataPlaneStatus[] {
  const customers = [...verdict.customers].sort(([a], [b]) => (a < b ? -1 : 1));
  return [line('endpoint', verdict.endpoint), ...customers.map(([name, own]) => line(name, own))];
}

function line(subject: string, verdict: Verdict): DataPlaneStatus {
  switch (verdict.state) {
    case 'verified':
      return { subject, state: 'verified', details: verdict.notes };
    case 'fault':
      return { subject, state: 'fault', details: verdict.details };
    case 'unknown':
      return { subject, state: 'unknown', details: [verdict.detail] };
  }
}
