/** A path's NLRI and attributes as they are given to the daemon, encoded one by one: equal attributes are encoded once and shared. */
/** One NLRI or attribute as it travels. */
export type Encoded = Buffer;

export interface PrefixBody {
  readonly prefix_len: number;
  readonly prefix: string;
}

interface LargeCommunityBody {
  readonly global_admin: number;
  readonly local_data1: number;
  readonly local_data2: number;
}

/** Attributes of ours, by message name. */
export interface Attributes {
  readonly OriginAttribute: { readonly origin: number };
  readonly AsPathAttribute: {
    readonly segments: readonly { readonly type: number; readonly numbers: readonly number[] }[];
  };
  readonly NextHopAttribute: { readonly next_hop: string };
  readonly MultiExitDiscAttribute: { readonly med: number };
  readonly LocalPrefAttribute: { readonly local_pref: number };
  readonly CommunitiesAttribute: { readonly communities: readonly number[] };
  readonly LargeCommunitiesAttribute: { readonly communities: readonly LargeCommunityBody[] };
}

export type AttributeName = keyof Attributes;

export interface Codec {
  encodePrefix(body: PrefixBody): Encoded;
  /** `undefined` for an NLRI that is no unicast prefix. Throws when the bytes are not what they should be. */
  decodePrefix(nlri: Encoded): PrefixBody | undefined;
  encode<N extends AttributeName>(name: N, body: Attributes[N]): Encoded;
}
