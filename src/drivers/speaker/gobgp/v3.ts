/** GoBGP 3 wraps NLRI and attributes in google.protobuf.Any. */
import { messageType } from '../client.js';
import type { AttributeName, Codec, Encoded, PrefixBody } from './codec.js';
import { type Dialect, VALUES_3 } from './dialect.js';

const TYPE_PREFIX = 'type.googleapis.com/apipb.';
const PREFIX = 'IPAddressPrefix';

const ATTRIBUTES: readonly AttributeName[] = [
  'OriginAttribute',
  'AsPathAttribute',
  'NextHopAttribute',
  'MultiExitDiscAttribute',
  'LocalPrefAttribute',
  'CommunitiesAttribute',
  'LargeCommunitiesAttribute',
];

interface Packed {
  readonly type_url: string;
  readonly value: Buffer;
}

export const gobgp3: Dialect = {
  version: 3,
  proto: 'gobgp/v3.proto',
  service: 'apipb.GobgpApi',
  values: VALUES_3,
  codec: (definition): Codec => {
    const wrapper = messageType(definition, 'apipb.Packed');
    const types = new Map(ATTRIBUTES.map((name) => [name, messageType(definition, `gobgp.${name}`)]));
    const prefix = messageType(definition, `gobgp.${PREFIX}`);
    const pack = (name: string, value: Buffer): Encoded => wrapper.serialize({ type_url: TYPE_PREFIX + name, value });
    const unpack = (bytes: Encoded): Packed => wrapper.deserialize(bytes) as Packed;
    return {
      encodePrefix: (body) => pack(PREFIX, prefix.serialize(body)),
      decodePrefix: (nlri) => {
        const { type_url, value } = unpack(nlri);
        return type_url === TYPE_PREFIX + PREFIX ? (prefix.deserialize(value) as PrefixBody) : undefined;
      },
      encode: (name, body) => {
        const type = types.get(name);
        if (!type) throw new TypeError(`no message ${name}`);
        return pack(name, type.serialize(body));
      },
    };
  },
};
