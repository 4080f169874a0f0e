/** Something happened that must not. */
export class Violation extends Error {
  override readonly name = 'Violation';
  constructor(
    readonly invariant: string,
    message: string,
  ) {
    super(message);
  }
}

/** Since when something has been so without a break. */
export class Since {
  private at: number | undefined;

  get since(): number | undefined {
    return this.at;
  }

  /** The moment at which it began; `undefined` while it is not so. */
  update(holds: boolean, now: number): number | undefined {
    if (!holds) this.at = undefined;
    else this.at ??= now;
    return this.at;
  }
}
