/**
 * ExaBGP 4.2.21's outgoing RIB of one neighbour, with its order of sending:
 * what waits is grouped by attributes, groups go out in the order in which
 * they were opened, and the first round of a session leaves withdrawals out.
 */
type Change = { readonly prefix: string; readonly text: string | undefined };

export class Outgoing {
  /** What the router holds. */
  readonly wire = new Map<string, string>();
  private readonly cache = new Map<string, string>();
  private groups = new Map<string, Map<string, Change>>();
  private newest = new Map<string, string>();
  private sending: Change[] = [];
  private established = false;
  private first = true;

  /** `group` is what the line's attributes say. */
  tell(prefix: string, text: string | undefined, group: string, force = false): void {
    if (text !== undefined && this.cache.get(prefix) === text && !force) return;
    if (text === undefined) this.groups.get(this.newest.get(prefix) ?? '')?.delete(prefix);
    const members = this.groups.get(group) ?? new Map<string, Change>();
    this.groups.set(group, members.set(prefix, { prefix, text }));
    this.newest.set(prefix, group);
    if (text === undefined) this.cache.delete(prefix);
    else this.cache.set(prefix, text);
  }

  resend(): void {
    for (const [prefix, text] of [...this.cache]) this.tell(prefix, text, text, true);
  }

  up(): void {
    [this.established, this.first] = [true, true];
    this.resend();
  }

  down(): void {
    this.established = false;
    this.wire.clear();
    this.sending = [];
    this.drain();
  }

  /** Begins to send what waits, unless it is still at it. */
  begin(): void {
    if (!this.established || this.sending.length > 0 || this.newest.size === 0) return;
    const changes = [...this.groups.values()].flatMap((members) => [...members.values()]);
    this.sending = this.first ? changes.filter(({ text }) => text !== undefined) : changes;
    this.first = false;
    this.drain();
  }

  private drain(): void {
    this.groups = new Map();
    this.newest = new Map();
  }

  /** The next UPDATE; `undefined` when there is none. */
  send(): Change | undefined {
    const change = this.sending.shift();
    if (change?.text === undefined) this.wire.delete(change?.prefix ?? '');
    else this.wire.set(change.prefix, change.text);
    return change;
  }
}
