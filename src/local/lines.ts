/**
 * Cuts a stream of bytes into lines.
 *
 * Invariant: never holds more than `longest` bytes of an unfinished line;
 * whoever sends a longer one is told so once and not listened to any more.
 */
export class LineReader {
  private chunks: Buffer[] = [];
  private held = 0;
  private overrun = false;

  constructor(
    private readonly longest: number,
    private readonly handlers: { line(text: string): void; tooLong(): void },
  ) {}

  push(chunk: Buffer): void {
    let rest = chunk;
    while (!this.overrun) {
      const end = rest.indexOf(0x0a);
      const piece = end < 0 ? rest : rest.subarray(0, end);
      if (this.held + piece.length > this.longest) {
        this.overrun = true;
        this.chunks = [];
        this.handlers.tooLong();
        return;
      }
      this.chunks.push(piece);
      this.held += piece.length;
      if (end < 0) return;
      const line = Buffer.concat(this.chunks).toString('utf8');
      this.chunks = [];
      this.held = 0;
      rest = rest.subarray(end + 1);
      if (line.trim() !== '') this.handlers.line(line);
    }
  }
}
