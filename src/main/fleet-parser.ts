/** Reads a large fleet beside the process that needs it: a thread of its own, whose memory goes with it. */
import { parentPort, workerData } from 'node:worker_threads';
import type { FleetFile } from '../config/document.js';
import { parseFleet } from '../config/parse.js';

export interface ParseOrder {
  readonly files: readonly FleetFile[];
  readonly generation: string;
}

const { files, generation } = workerData as ParseOrder;
parentPort?.postMessage(parseFleet(files, generation));
