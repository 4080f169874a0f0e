import type { Prefix } from '../../../model/address.js';
import type { Doubt } from '../../../ports/speaker.js';
import { checkPrefix } from '../check-path.js';
import type { AnyCodec } from './api.js';
import type { Any, WireEvent } from './messages.js';

/** Where an event says to look. What cannot be read could be anything. */
export function doubtOf(codec: AnyCodec, { table }: WireEvent): Doubt {
  const prefixes: Prefix[] = [];
  for (const { nlri } of table?.paths ?? []) {
    const prefix = nlri && prefixOf(codec, nlri);
    if (!prefix) return 'everything';
    prefixes.push(prefix);
  }
  return { prefixes };
}

/** `undefined` also for what may not be asked for by name, such as a default route. */
function prefixOf(codec: AnyCodec, nlri: Any): Prefix | undefined {
  try {
    const decoded = codec.decode(nlri);
    if (decoded?.name !== 'IPAddressPrefix') return undefined;
    const prefix = `${decoded.body.prefix}/${decoded.body.prefix_len}` as Prefix;
    checkPrefix(prefix);
    return prefix;
  } catch {
    return undefined;
  }
}
