/** Options that several commands share. */
import { Option } from 'commander';

export const runDir = (): Option => new Option('--run-dir <dir>', 'where the sockets are').default('/run/culvert');
