import type { Prefix } from '../../../model/address.js';
import type { Doubt } from '../../../ports/speaker.js';
import { checkPrefix } from '../check-path.js';
import type { Codec, Encoded } from './codec.js';
import type { WireEvent } from './messages.js';

/** Where an event says to look. What cannot be read could be anything. */
export function doubtOf(codec: Codec, { table }: WireEvent): Doubt {
  const prefixes: Prefix[] = [];
  for (const { nlri } of table?.paths ?? []) {
    const prefix = prefixOf(codec, nlri);
    if (!prefix) return 'everything';
    prefixes.push(prefix);
  }
  return { prefixes };
}

/** `undefined` also for what may not be asked for by name, such as a default route. */
function prefixOf(codec: Codec, nlri: Encoded): Prefix | undefined {
  try {
    const decoded = codec.decodePrefix(nlri);
    if (!decoded) return undefined;
    const prefix = `${decoded.prefix}/${decoded.prefix_len}` as Prefix;
    checkPrefix(prefix);
    return prefix;
  } catch {
    return undefined;
  }
}
