/** GoBGP 4 has one message for every NLRI, and one for every attribute, with a field for each kind. */
import { messageType } from '../client.js';
import type { AttributeName, Codec, PrefixBody } from './codec.js';
import { type Dialect, VALUES_4 } from './dialect.js';

const FIELDS: Readonly<Record<AttributeName, string>> = {
  OriginAttribute: 'origin',
  AsPathAttribute: 'as_path',
  NextHopAttribute: 'next_hop',
  MultiExitDiscAttribute: 'multi_exit_disc',
  LocalPrefAttribute: 'local_pref',
  CommunitiesAttribute: 'communities',
  LargeCommunitiesAttribute: 'large_communities',
};

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
    };
  },
};
