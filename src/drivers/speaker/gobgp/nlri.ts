/** The NLRI of an event, in which GoBGP 3 and 4 differ. */
export interface PrefixBody {
  readonly prefix_len: number;
  readonly prefix: string;
}

/** `undefined` for an NLRI that is no unicast prefix. Throws when the bytes are not what they should be. */
export type NlriReader = (nlri: Buffer) => PrefixBody | undefined;
