/** Operations on the speaker as people read them. */
import type { SpeakerOp } from '../model/path.js';

/** Longer lists are cut: the log is for people, the wire state has every prefix. */
const NAMED = 5;

function some<T>(items: readonly T[], nameOf: (item: T) => string = String): string {
  const shown = items.slice(0, NAMED).map(nameOf).join(', ');
  return items.length > NAMED ? `${shown} and ${items.length - NAMED} more` : shown;
}

/** One line, without a full stop. Passwords stay out. */
export function describeSpeakerOp(op: SpeakerOp): string {
  switch (op.kind) {
    case 'start':
      return `start BGP as AS ${op.asn}, router id ${op.routerId}`;
    case 'install-barrier':
      return `install the barrier for ${op.allow.length === 1 ? '1 prefix' : `${op.allow.length} prefixes`}`;
    case 'allow':
      return `allow ${some(op.prefixes)}`;
    case 'disallow':
      return `disallow ${some(op.prefixes)}`;
    case 'announce':
      return `announce ${some(op.paths, ({ prefix }) => prefix)}`;
    case 'withdraw':
      return `withdraw ${some(op.prefixes)}`;
    case 'delete-foreign':
      return `delete the foreign path ${op.prefix}`;
    case 'add-peer':
      return `add peer ${op.peer.address} AS ${op.peer.asn}`;
    case 'delete-peer':
      return `delete peer ${op.address}`;
  }
}
