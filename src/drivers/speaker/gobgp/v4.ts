/** GoBGP 4 has one message for every NLRI, and one for every attribute, with a field for each kind. */
import { messageType } from '../client.js';
import type { Attribute, AttributeName, Codec, PrefixBody } from './codec.js';
import { type Dialect, VALUES_4 } from './dialect.js';

const FIELDS: Readonly<Record<AttributeName, string>> = {
  OriginAttribute: 'origin',
  AsPathAttribute: 'as_path',
  NextHopAttribute: 'next_hop',
  MultiExitDiscAttribute: 'multi_exit_disc',
  LocalPrefAttribute: 'local_pref',
  CommunitiesAttribute: 'communities',
  LargeCommunitiesAttribute: 'large_communities',
  MpReachNLRIAttribute: 'mp_reach',
};
const NAMES = new Map((Object.keys(FIELDS) as AttributeName[]).map((name) => [FIELDS[name], name]));

/** The number of the first field; a tag is a varint whose last three bits are the field's kind. */
function fieldOf([first = 0, second = 0]: Buffer): number {
  const tag = first < 0x80 ? first : (first & 0x7f) | (second << 7);
  return tag >> 3;
}

export const gobgp4: Dialect = {
  version: 4,
  proto: 'gobgp/v4.proto',
  service: 'api.GoBgpService',
  values: VALUES_4,
  codec: (definition): Codec => {
    const nlri = messageType(definition, 'api.NLRI');
    const attribute = messageType(definition, 'api.Attribute');
    return {
      encodePrefix: (prefix) => nlri.serialize({ prefix }),
      decodePrefix: (bytes) => (nlri.deserialize(bytes) as { readonly prefix?: PrefixBody | null }).prefix ?? undefined,
      encode: (name, body) => attribute.serialize({ [FIELDS[name]]: body }),
      decode: (bytes) => {
        const read = attribute.deserialize(bytes) as Readonly<Record<string, unknown>> & { readonly attr?: string };
        const name = NAMES.get(read.attr ?? '');
        // The field's name says which message is in it.
        return name && ({ name, body: read[FIELDS[name]] } as Attribute);
      },
      describe: (bytes) => `field ${fieldOf(bytes)} of api.Attribute or api.NLRI`,
    };
  },
};
