/** Paths as GoBGP's own clients write them: every NLRI and attribute a message, in GoBGP 3 inside `Any`, in GoBGP 4 in a field of its own. */
import { familyOf, lengthOf, networkOf, type Prefix } from '../../../src/model/address.js';
import type { Path, PathAttributes } from '../../../src/model/path.js';
import { loadInterface, messageType } from '../../../src/drivers/speaker/client.js';
import { wireFamily } from '../../../src/drivers/speaker/gobgp/messages.js';

/** In GoBGP 4, the field of each. */
const FIELDS = {
  OriginAttribute: 'origin',
  AsPathAttribute: 'as_path',
  NextHopAttribute: 'next_hop',
  MultiExitDiscAttribute: 'multi_exit_disc',
  LocalPrefAttribute: 'local_pref',
  CommunitiesAttribute: 'communities',
  LargeCommunitiesAttribute: 'large_communities',
} as const;

type AttributeName = keyof typeof FIELDS;

/** What makes a path another one than the plain path to its prefix. */
export interface Identity {
  readonly identifier?: number;
  readonly source_asn?: number;
  readonly source_id?: string;
}

export class PathMessages {
  // Seen from the project's root: compiled tests have no protos beside them.
  readonly #definition = loadInterface('test/drivers/speaker/gobgp-paths.proto');
  readonly #encoded = new Map<PathAttributes, readonly Buffer[]>();

  constructor(private readonly version: 3 | 4) {}

  announcement({ prefix, attributes }: Path): Buffer {
    const pattrs = this.#encoded.get(attributes) ?? this.#attributes(attributes);
    this.#encoded.set(attributes, pattrs);
    return this.#path(prefix, { pattrs });
  }

  withdrawal(prefix: Prefix): Buffer {
    return this.#path(prefix, { is_withdraw: true });
  }

  /** Any text as prefix, any number as length. */
  odd(prefix: string, length: number, origin: number, identity: Identity): Buffer {
    const next_hop = prefix.includes(':') ? '2001:db8:1::11' : '198.18.1.11';
    const pattrs = [
      this.#attribute('OriginAttribute', { origin }),
      this.#attribute('AsPathAttribute', { segments: [{ type: 2, numbers: [64_512] }] }),
      this.#attribute('NextHopAttribute', { next_hop }),
    ];
    const family = wireFamily(prefix.includes(':') ? 6 : 4);
    return this.#message('Path', { nlri: this.nlri(prefix, length), pattrs, family, ...identity });
  }

  nlri(prefix: string, prefix_len: number): Buffer {
    const body = { prefix, prefix_len };
    return this.version === 3 ? this.#packed('IPAddressPrefix', body) : this.#message('NLRI', { prefix: body });
  }

  #path(prefix: Prefix, rest: object): Buffer {
    const nlri = this.nlri(networkOf(prefix), lengthOf(prefix));
    return this.#message('Path', { nlri, family: wireFamily(familyOf(prefix)), ...rest });
  }

  #attributes({ asPath, nextHop, med, localPref, communities, largeCommunities }: PathAttributes): readonly Buffer[] {
    const segments = asPath.length === 0 ? [] : [{ type: 2, numbers: asPath }];
    const numbers = communities.map((text) => text.split(':').map(Number)).map(([a = 0, b = 0]) => a * 0x1_0000 + b);
    const large = largeCommunities
      .map((text) => text.split(':').map(Number))
      .map(([global_admin, local_data1, local_data2]) => ({ global_admin, local_data1, local_data2 }));
    return [
      this.#attribute('OriginAttribute', { origin: 0 }),
      this.#attribute('AsPathAttribute', { segments }),
      this.#attribute('NextHopAttribute', { next_hop: nextHop }),
      ...(med === undefined ? [] : [this.#attribute('MultiExitDiscAttribute', { med })]),
      ...(localPref === undefined ? [] : [this.#attribute('LocalPrefAttribute', { local_pref: localPref })]),
      ...(numbers.length === 0 ? [] : [this.#attribute('CommunitiesAttribute', { communities: numbers })]),
      ...(large.length === 0 ? [] : [this.#attribute('LargeCommunitiesAttribute', { communities: large })]),
    ];
  }

  #attribute(name: AttributeName, body: object): Buffer {
    return this.version === 3 ? this.#packed(name, body) : this.#message('Attribute', { [FIELDS[name]]: body });
  }

  #packed(name: string, body: object): Buffer {
    return this.#message('Packed', { type_url: `type.googleapis.com/apipb.${name}`, value: this.#message(name, body) });
  }

  #message(name: string, body: object): Buffer {
    return messageType(this.#definition, `paths.${name}`).serialize(body);
  }
}
