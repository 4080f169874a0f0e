/** A path's NLRI and attributes, which travel encoded one by one: equal attributes are encoded once and shared. */
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
  readonly MpReachNLRIAttribute: { readonly next_hops: readonly string[] };
}

export type AttributeName = keyof Attributes;

export type Attribute = {
  readonly [N in AttributeName]: { readonly name: N; readonly body: Attributes[N] };
}[AttributeName];

export interface Codec {
  encodePrefix(body: PrefixBody): Encoded;
  /** `undefined` for an NLRI that is no unicast prefix. Throws when the bytes are not what they should be. */
  decodePrefix(nlri: Encoded): PrefixBody | undefined;
  encode<N extends AttributeName>(name: N, body: Attributes[N]): Encoded;
  /** `undefined` for an attribute that is none of ours. Throws when the bytes are not what they should be. */
  decode(attribute: Encoded): Attribute | undefined;
  /** What it is, for messages. */
  describe(encoded: Encoded): string;
}
