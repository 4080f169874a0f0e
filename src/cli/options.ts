/** Options that several commands share. */
import { Option } from 'commander';

export const runDir = (): Option => new Option('--run-dir <dir>', 'where the sockets are').default('/run/culvert');

export const stateDir = (): Option =>
  new Option('--state-dir <dir>', 'what has to survive a restart').default('/var/lib/culvert');

export const format = (): Option =>
  new Option('-o, --output <format>', 'text for people, json for programs').choices(['text', 'json']).default('text');
