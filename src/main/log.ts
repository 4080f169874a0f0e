import { pino } from 'pino';
import type { Log } from '../ports/log.js';

/** One JSON line per event on standard error, where systemd and containers collect it. */
export function createLog(role: string): Log {
  const destination = pino.destination({ fd: 2, sync: true });
  // A collector that has gone must not take the process with it.
  destination.on('error', () => undefined);
  const logger = pino({ base: { role }, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  return {
    info: (text, fields = {}) => logger.info(fields, text),
    warn: (text, fields = {}) => logger.warn(fields, text),
    error: (text, fields = {}) => logger.error(fields, text),
  };
}
