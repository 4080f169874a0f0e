/** GoBGP 3 wraps an NLRI in google.protobuf.Any. */
import { messageType } from '../client.js';
import { type Dialect, VALUES_3 } from './dialect.js';
import type { PrefixBody } from './nlri.js';

const PREFIX = 'type.googleapis.com/apipb.IPAddressPrefix';

interface Packed {
  readonly type_url: string;
  readonly value: Buffer;
}

export const gobgp3: Dialect = {
  version: 3,
  proto: 'gobgp/v3.proto',
  service: 'apipb.GobgpApi',
  values: VALUES_3,
  nlriReader: (definition) => {
    const wrapper = messageType(definition, 'apipb.Packed');
    const prefix = messageType(definition, 'gobgp.IPAddressPrefix');
    return (nlri) => {
      const { type_url, value } = wrapper.deserialize(nlri) as Packed;
      return type_url === PREFIX ? (prefix.deserialize(value) as PrefixBody) : undefined;
    };
  },
};
