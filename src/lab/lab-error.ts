/** A lab that cannot be built or reached: cause and remedy, one line. */
export class LabError extends Error {
  override readonly name = 'LabError';
  constructor(
    cause: string,
    readonly remedy: string,
  ) {
    super(`${cause}; ${remedy}`);
  }
}
