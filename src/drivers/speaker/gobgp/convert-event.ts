import type { Prefix } from '../../../model/address.js';
import type { Doubt } from '../../../ports/speaker.js';
import { checkPrefix } from '../check-path.js';
import type { WireEvent } from './messages.js';
import type { NlriReader } from './nlri.js';

/** Where an event says to look. What cannot be read could be anything. */
export function doubtOf(read: NlriReader, { table }: WireEvent): Doubt {
  const prefixes: Prefix[] = [];
  for (const { nlri } of table?.paths ?? []) {
    const prefix = prefixOf(read, nlri);
    if (!prefix) return 'everything';
    prefixes.push(prefix);
  }
  return { prefixes };
}

/** `undefined` also for what may not be asked for by name, such as a default route. */
function prefixOf(read: NlriReader, nlri: Buffer): Prefix | undefined {
  try {
    const decoded = read(nlri);
    if (!decoded) return undefined;
    const prefix = `${decoded.prefix}/${decoded.prefix_len}` as Prefix;
    checkPrefix(prefix);
    return prefix;
  } catch {
    return undefined;
  }
}
