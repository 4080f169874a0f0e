/** What the guard records: what it decides, what it gives to the speaker, and what was read back. Nothing while nothing changes. */
import { type AnnouncedLevel, levelHeld } from '../decide/attributes.js';
import type { PrefixDecision } from '../decide/wire.js';
import type { Address, Prefix } from '../model/address.js';
import type { WireState } from '../model/lease.js';
import type { Level } from '../model/level.js';
import { pair } from '../model/pair.js';
import type { Path, PathAttributes, SessionState, SpeakerObserved, SpeakerOp } from '../model/path.js';
import type { Chronicle } from '../ports/chronicle.js';
import { clipped, inLines, RecordedLevels } from './recorded-levels.js';
import type { List } from '../model/list.js';

export class GuardChronicle {
  private readonly levels: RecordedLevels;
  private shown: SpeakerObserved | undefined;
  private held: List<Path> = [];
  private sessions: ReadonlyMap<Address, SessionState> = new Map();
  /** Withdrawn under our eyes; nobody has looked yet whether peers know. */
  private leaving = new Set<Prefix>();
  private speakerState: WireState['speaker'] = 'starting';

  constructor(private readonly chronicle: Chronicle) {
    this.levels = new RecordedLevels(chronicle);
  }

  decided(decisions: List<PrefixDecision>): void {
    this.levels.decided(decisions);
  }

  /** About to be applied, because of these decisions. */
  handing(decisions: List<PrefixDecision>, ops: readonly SpeakerOp[]): void {
    this.decided(decisions);
    for (const op of ops) {
      if (op.kind === 'announce') {
        for (const [level, prefixes] of byLevel(op.paths)) this.record('handed', prefixes, level);
      } else if (op.kind === 'withdraw') {
        this.record('handed', op.prefixes, 'withdrawn');
      }
    }
  }

  /** What a look has shown; the same object as before costs nothing. */
  seen(observed: SpeakerObserved): void {
    if (observed === this.shown) return;
    this.shown = observed;
    const paths = observed.state === 'started' ? observed.paths : [];
    const news: Path[] = [];
    const gone: Prefix[] = [];
    pair(this.held, paths, {
      both: (before, path) => {
        if (before !== path && levelHeld(before) !== levelHeld(path)) news.push(path);
      },
      first: ({ prefix }) => gone.push(prefix),
      second: (path) => {
        news.push(path);
        this.leaving.delete(path.prefix);
      },
    });
    for (const [level, prefixes] of byLevel(news)) this.record('held', prefixes, level);
    this.record('held', gone, 'withdrawn');
    for (const prefix of gone) this.leaving.add(prefix);
    this.held = paths;
    this.peers(observed);
  }

  /** Asked about, and found in no peer's Adj-RIB-Out. */
  gone(prefixes: readonly Prefix[]): void {
    const left = prefixes.filter((prefix) => this.leaving.delete(prefix));
    for (const line of inLines(left)) this.chronicle.record({ kind: 'gone', prefixes: line });
  }

  speaker({ speaker, speakerDetail }: Pick<WireState, 'speaker' | 'speakerDetail'>): void {
    if (speaker === this.speakerState) return;
    this.speakerState = speaker;
    const detail = speakerDetail === undefined ? {} : { detail: clipped(speakerDetail) };
    this.chronicle.record({ kind: 'speaker', state: speaker, ...detail });
  }

  private peers(observed: SpeakerObserved): void {
    const peers = observed.state === 'started' ? observed.peers : [];
    for (const { address, state } of peers) {
      const before = this.sessions.get(address);
      // The steps of setting a session up are no news; that it stands, or does not any more, is.
      const isNews = before !== state && (before === 'established' || state === 'established');
      if (isNews) this.chronicle.record({ kind: 'session', peer: address, state });
    }
    this.sessions = new Map(peers.map(({ address, state }) => [address, state]));
  }

  private record(kind: 'handed' | 'held', prefixes: readonly Prefix[], level: Level): void {
    for (const line of inLines(prefixes)) this.chronicle.record({ kind, level, prefixes: line });
  }
}

/** Neighbours share their attributes nearly always. */
function byLevel(paths: List<Path>): ReadonlyMap<Level, readonly Prefix[]> {
  const levels: Record<AnnouncedLevel, Prefix[]> = { full: [], degraded: [] };
  let last: { readonly attributes: PathAttributes; readonly prefixes: Prefix[] } | undefined;
  for (const path of paths) {
    if (last?.attributes !== path.attributes) last = { attributes: path.attributes, prefixes: levels[levelHeld(path)] };
    last.prefixes.push(path.prefix);
  }
  return new Map(Object.entries(levels) as [Level, Prefix[]][]);
}
