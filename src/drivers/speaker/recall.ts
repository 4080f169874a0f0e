type Deserialize = (bytes: Buffer) => object;

/**
 * The messages of the last listing. The daemon is asked every time; but a
 * message that comes again byte for byte is read once, and is the same object,
 * so that what was made of it stands too. In any order: GoBGP lists a table in
 * a different one each time.
 */
export class Recall {
  #last: ReadonlyMap<string, object> = new Map();

  /** Reads the messages of one listing. */
  listing(deserialize: Deserialize): Deserialize {
    const before = this.#last;
    const now = new Map<string, object>();
    this.#last = now;
    return (bytes) => {
      const text = bytes.toString('latin1');
      const message = before.get(text) ?? deserialize(bytes);
      now.set(text, message);
      return message;
    };
  }
}
