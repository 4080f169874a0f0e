/** GoBGP 4 has one message for every NLRI, with a field for each kind. */
import { messageType } from '../client.js';
import { type Dialect, VALUES_4 } from './dialect.js';
import type { PrefixBody } from './nlri.js';

export const gobgp4: Dialect = {
  version: 4,
  proto: 'gobgp/v4.proto',
  service: 'api.GoBgpService',
  values: VALUES_4,
  nlriReader: (definition) => {
    const any = messageType(definition, 'api.NLRI');
    return (nlri) => (any.deserialize(nlri) as { readonly prefix?: PrefixBody | null }).prefix ?? undefined;
  },
};
