import type { SpeakerOp } from '../../../model/path.js';
import { parseAddress } from '../../../model/address.js';
import { SpeakerError } from '../../../ports/speaker.js';
import type { Api } from './api.js';
import { closeBarrier } from './barrier.js';
import type { WireGlobal } from './messages.js';

/** `undefined` while BGP is not started. */
export async function getGlobal(api: Api): Promise<WireGlobal | undefined> {
  const { global } = await api.call('GetBgp', {});
  return global && global.asn !== 0 ? global : undefined;
}

const isPort = (port: number): boolean => Number.isInteger(port) && (port === -1 || (port >= 1 && port <= 65_535));

/**
 * Starts BGP and closes it in both directions at once, before anything can be
 * announced. Never twice: a second StartBgp wipes table and policy. Throws
 * `not-ours` when BGP runs with other numbers.
 */
export async function start(api: Api, op: Extract<SpeakerOp, { kind: 'start' }>): Promise<void> {
  const { asn, routerId, listenPort } = op;
  const sane = Number.isInteger(asn) && asn >= 1 && asn <= 0xffff_ffff && parseAddress(routerId) === routerId;
  if (!sane || routerId.includes(':') || routerId === '0.0.0.0' || !isPort(listenPort)) {
    throw new SpeakerError('invalid', `start: AS ${asn}, router id ${routerId}, port ${listenPort} cannot be`);
  }
  const running = await getGlobal(api);
  if (running) {
    if (running.asn === asn && running.router_id === routerId && running.listen_port === listenPort) return;
    throw new SpeakerError(
      'not-ours',
      `${api.name}: BGP already runs with AS ${running.asn}, router id ${running.router_id} and ` +
        `port ${running.listen_port}; stop whoever started it, or restart gobgpd`,
    );
  }
  await api.call('StartBgp', { global: { asn, router_id: routerId, listen_port: listenPort } });
  await closeBarrier(api);
}
