import type { FaultKind } from './fault.js';
import { KERNEL_FAULTS } from './kernel.js';
import { KNOWLEDGE_FAULTS } from './knowledge.js';
import { OPERATOR_FAULTS } from './operators.js';
import { PROCESS_FAULTS } from './processes.js';
import { SERVICE_FAULTS } from './services.js';
import { SPEAKER_FAULTS } from './speaker.js';

export const FAULTS: readonly FaultKind[] = [
  ...PROCESS_FAULTS,
  ...KERNEL_FAULTS,
  ...SPEAKER_FAULTS,
  ...KNOWLEDGE_FAULTS,
  ...SERVICE_FAULTS,
  ...OPERATOR_FAULTS,
];
export const FAULT_NAMES: readonly string[] = FAULTS.map(({ name }) => name);
