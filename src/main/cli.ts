#!/usr/bin/env node
import { runCli } from '../cli/program.js';
import { createCommands } from './commands.js';

const out = {
  line: (text: string): void => void process.stdout.write(`${text}\n`),
  note: (text: string): void => void process.stderr.write(`${text}\n`),
};

/** Whoever reads our output may have had enough, as `| head` does. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

process.exitCode = await runCli(process.argv.slice(2), createCommands(out.line, out.note), out);
