/**
 * Brings the speaker to a goal and says how that went.
 *
 * Invariants: only one change or look is under way at a time (the guard's loop
 * sees to it); a speaker that may belong to somebody else is never changed.
 */
import type { WireState } from '../model/lease.js';
import type { SpeakerDesired, SpeakerObserved, SpeakerOp } from '../model/path.js';
import { refusedPeers } from '../plan/peer-options.js';
import { foreignPeers, identityConflict, planSpeaker, sameGoal } from '../plan/speaker.js';
import type { Clock } from '../ports/clock.js';
import { type Doubt, type Speaker, SpeakerError } from '../ports/speaker.js';
import { describeSpeakerOp } from '../status/speaker-operations.js';
import type { GuardChronicle } from './guard-chronicle.js';
import type { Confirmation } from './guard-confirm.js';
import type { Journal } from './guard-journal.js';
import { SpeakerMirror } from './guard-mirror.js';
import type { Outcome } from './guard-rights.js';

type Identity = Pick<SpeakerDesired, 'asn' | 'routerId' | 'peers'>;

/** Start, barrier, paths and peers, withdrawals, disallowing, and as many again for what changes meanwhile. */
const MOST_STEPS = 8;

export class SpeakerKeeper {
  status: Pick<WireState, 'speaker' | 'speakerDetail'> = { speaker: 'starting' };
  private readonly mirror: SpeakerMirror;
  private inContact = false;
  /** Nobody listened at the last attempt: a daemon that is not there holds no session. */
  gone = false;
  /** The change that was told last; told again only after it has succeeded. */
  private attempted: string | undefined;
  /** The last goal that was reached, and the read-back that showed it. */
  private reached: { readonly goal: SpeakerDesired; readonly shown: SpeakerObserved } | undefined;

  constructor(
    private readonly speaker: Speaker,
    clock: Clock,
    private readonly journal: Journal,
    private readonly chronicle: GuardChronicle,
    private readonly confirmation: Confirmation,
  ) {
    this.mirror = new SpeakerMirror(speaker, clock);
  }

  get observed(): SpeakerObserved | undefined {
    return this.mirror.observed;
  }

  /** Something happened at the speaker: read it again before believing it. */
  doubt(doubt: Doubt): void {
    this.mirror.doubt(doubt);
  }

  /** Milliseconds until `look` reads again. */
  lookDueIn(): number {
    return this.mirror.dueIn();
  }

  /** The last goal that the speaker was seen to hold. */
  get reachedGoal(): SpeakerDesired | undefined {
    return this.reached?.goal;
  }

  /** The speaker was seen to hold this goal, and no new look is due. */
  holds(goal: SpeakerDesired): boolean {
    const { reached, mirror, status } = this;
    const stands = reached?.goal === goal && reached.shown === mirror.observed;
    return stands && status.speaker === 'ready' && mirror.dueIn() > 0;
  }

  /**
   * Reads the speaker back if that is due. A change that waits goes first,
   * unless the whole speaker is in doubt: every change is followed by a look.
   * Throws SpeakerError `not-ours` on one that somebody else uses.
   */
  async look(identity: Identity, changeWaits: boolean): Promise<SpeakerObserved> {
    const { observed } = this.mirror;
    if (observed && (this.mirror.dueIn() > 0 || (changeWaits && this.mirror.isSound))) return observed;
    return this.seen(identity, await this.inTouch(this.mirror.read()));
  }

  /** Applies and reads back until nothing is left to do. The outcome is asked for again at each step: the goal may move. */
  async converge(outcome: () => Outcome, looked: SpeakerObserved): Promise<SpeakerObserved> {
    let observed = looked;
    for (let step = 0; step < MOST_STEPS; step++) {
      const { goal: desired, decisions } = outcome();
      const stands = this.reached?.goal === desired && this.reached.shown === observed;
      const ops = stands ? [] : planSpeaker(desired, observed, this.speaker.can);
      if (ops.length === 0) {
        const shown = stands ? observed : this.mirror.recognise(observed, desired.paths);
        this.chronicle.decided(decisions);
        this.chronicle.seen(shown);
        this.reached = { goal: desired, shown };
        this.ready(desired);
        this.chronicle.speaker(this.status);
        return shown;
      }
      this.tell(ops, observed, step === 0 && this.reached !== undefined && sameGoal(this.reached.goal, desired));
      this.chronicle.handing(decisions, ops);
      this.confirmation.changing(ops);
      observed = this.seen(desired, await this.mirror.apply(ops));
    }
    const left = planSpeaker(outcome().goal, observed, this.speaker.can).map(describeSpeakerOp).join('; ');
    throw new SpeakerError(
      'rejected',
      `${this.speaker.name} takes changes but does not show them; still to do: ${left}`,
    );
  }

  private ready({ peers }: SpeakerDesired): void {
    const { can, name } = this.speaker;
    const refused = refusedPeers(peers, can, name);
    this.status = { speaker: 'ready', ...(refused !== undefined && { speakerDetail: refused }) };
    this.journal.condition('refused peers', refused);
  }

  /** A pass has failed. */
  failed(error: unknown): void {
    const detail = error instanceof Error ? error.message : String(error);
    this.mirror.doubt('everything');
    this.gone = error instanceof SpeakerError && error.reason === 'unreachable';
    this.status = { speaker: stateAfter(error), speakerDetail: detail };
    this.chronicle.speaker(this.status);
    this.journal.condition('speaker', detail);
  }

  /** It answers, and nothing is written until somebody has decided. */
  held(why: string): void {
    this.status = { speaker: 'starting', speakerDetail: why };
  }

  /** A pass has succeeded. */
  succeeded(): void {
    this.gone = false;
    this.journal.condition('speaker', undefined);
    this.attempted = undefined;
  }

  private async inTouch(reading: Promise<SpeakerObserved>): Promise<SpeakerObserved> {
    try {
      return await reading;
    } catch (error) {
      this.inContact = false;
      throw error;
    }
  }

  /** What was read is ours, or an error. */
  private seen(identity: Identity, observed: SpeakerObserved): SpeakerObserved {
    const foreign = this.inContact ? [] : foreignPeers(identity.peers, observed);
    const conflict =
      identityConflict(identity, observed) ??
      (foreign.length > 0 ? `it has peers that the fleet does not name: ${foreign.join(', ')}` : undefined);
    this.inContact = conflict === undefined;
    if (conflict !== undefined) {
      const { name, program } = this.speaker;
      throw new SpeakerError('not-ours', `${name} is not ours: ${conflict}; give this guard its own ${program}`);
    }
    this.chronicle.seen(observed);
    return observed;
  }

  private tell(ops: readonly SpeakerOp[], observed: SpeakerObserved, drifted: boolean): void {
    const text = ops.map(describeSpeakerOp).join('; ');
    if (text === this.attempted) return;
    this.attempted = text;
    if (observed.state === 'started') {
      if (observed.barrier.state === 'wrong') this.journal.warn(`the barrier is wrong: ${observed.barrier.detail}`);
      for (const { prefix, detail } of observed.foreignPaths) this.journal.warn(`foreign path ${prefix}: ${detail}`);
    }
    if (observed.state === 'not-started') this.journal.note(`the speaker is empty: ${text}`);
    else if (drifted) this.journal.warn(`the speaker has drifted: ${text}`);
    else this.journal.report(text);
  }
}

function stateAfter(error: unknown): WireState['speaker'] {
  if (!(error instanceof SpeakerError)) return 'starting';
  switch (error.reason) {
    case 'unreachable':
    case 'timeout':
      return 'unreachable';
    case 'not-ours':
    case 'unsupported-version':
      return 'refused';
    case 'rejected':
    case 'invalid':
    case 'barrier-not-held':
      return 'starting';
  }
}
