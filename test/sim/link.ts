/**
 * The local socket between agents and the guard of one server. It can be cut,
 * slow, or broken in the middle of a call; a call whose connection broke may
 * still arrive, late and after newer ones.
 */
import type { DesiredSet, HelloAnswer, OfferAnswer, WireState } from '../../src/model/lease.js';
import { type GuardClient, type GuardDesk, LocalError } from '../../src/ports/guard.js';
import type { Process } from './process.js';
import type { Random } from './random.js';
import type { Timeline } from './timeline.js';

/** The client's own. */
const ANSWER_MS = 3_000;
/** How much later than its caller gave up a broken call may arrive. */
const STRAY_MS = 4_000;

export type LinkFault = 'cut' | 'slow' | 'lossy' | 'reordering';

export interface Served {
  readonly desk: GuardDesk;
  readonly process: Process;
}

/** What passes, for whoever checks it. */
export interface LinkEars {
  greeted(agent: Process, answer: HelloAnswer): void;
  /** A set arrives; what is answered hears of the answer. */
  offering(agent: Process, set: DesiredSet): (answer: OfferAnswer) => void;
  /** A hand-over arrives. */
  leaving(agent: Process): void;
  wire(wire: WireState): void;
}

interface Call {
  readonly agent: Process;
  fail(error: LocalError): void;
}

export class Link {
  fault: LinkFault | undefined;
  /** What becomes of a set on its way: a mad agent. */
  garble: (set: DesiredSet) => DesiredSet = (set) => set;
  latencyMs: () => number = () => 0;
  private served: Served | undefined;
  private readonly calls = new Set<Call>();
  private readonly callers = new Map<Process, object>();

  constructor(
    private readonly timeline: Timeline,
    private readonly random: Random,
    private readonly ears: LinkEars,
  ) {}

  serve(served: Served): void {
    this.served = served;
    served.process.onEnd(() => {
      if (this.served === served) this.served = undefined;
      this.callers.clear();
      this.breakCalls(() => true, 'the guard is gone');
    });
  }

  /** Connections break; whoever calls next connects again, or not. */
  disconnect(): void {
    for (const agent of [...this.callers.keys()]) this.hangUp(agent);
    this.breakCalls(() => true, 'the connection broke');
  }

  client(agent: Process): GuardClient {
    agent.onEnd(() => {
      this.hangUp(agent);
      this.breakCalls((call) => call.agent === agent, 'its process has ended');
    });
    const call = <T>(work: (desk: GuardDesk, caller: object) => Promise<T>): Promise<T> => this.call(agent, work);
    return {
      hello: async (server, pid) => {
        const answer = await call((desk, caller) =>
          desk.hello(server, pid, caller).then((said) => {
            this.ears.greeted(agent, said);
            return said;
          }),
        );
        if (answer.accepted) this.ears.wire(answer.wire);
        return answer;
      },
      offer: async (set) => {
        const garbled = this.garble(set);
        const answer = await call((desk) => {
          const answered = this.ears.offering(agent, garbled);
          return desk.offer(garbled).then((said) => (answered(said), said));
        });
        if (answer.accepted) this.ears.wire(answer.wire);
        return answer;
      },
      handover: (epoch, mode) =>
        call((desk) => {
          this.ears.leaving(agent);
          return desk.handover(epoch, mode);
        }),
      drain: (scope) => call((desk) => desk.drain(scope)),
      undrain: () => call((desk) => desk.undrain()),
      confirm: () => call((desk) => desk.confirm()),
      status: () => call((desk) => desk.status()),
      close: () => this.hangUp(agent),
    };
  }

  private call<T>(agent: Process, work: (desk: GuardDesk, caller: object) => Promise<T>): Promise<T> {
    const { served, fault } = this;
    if (!served || fault === 'cut') return Promise.reject(unreachable('nobody listens'));
    return new Promise((resolve, reject) => {
      const done = (): void => {
        this.calls.delete(call);
        deadline.cancel();
      };
      const call: Call = { agent, fail: (error) => (done(), reject(error)) };
      const deadline = agent.after(ANSWER_MS, () => call.fail(new LocalError('timeout', 'no answer within 3000 ms')));
      this.calls.add(call);
      const answer = (): void => {
        const settle = (end: () => void): void => {
          if (!this.calls.has(call)) return;
          const ms = this.delay();
          if (ms <= 0 && agent.isRunning) return (done(), end());
          agent.after(ms, () => this.calls.has(call) && (done(), end()));
        };
        work(served.desk, this.callerOf(agent)).then(
          (result) => settle(() => resolve(result)),
          (error: unknown) => settle(() => reject(error instanceof Error ? error : new Error(String(error)))),
        );
      };
      this.deliver(served, agent, answer);
    });
  }

  private deliver(served: Served, agent: Process, answer: () => void): void {
    const { fault, random } = this;
    const breaks = (fault === 'lossy' || fault === 'reordering') && random.chance(0.4);
    if (breaks) {
      if (fault === 'reordering') served.process.after(random.between(1, STRAY_MS), answer);
      this.hangUp(agent);
      this.breakCalls((call) => call.agent === agent, 'the connection broke');
      return;
    }
    const ms = this.delay();
    if (ms <= 0 && served.process.isRunning) answer();
    else served.process.after(ms, answer);
  }

  private delay(): number {
    return this.fault === 'slow' ? this.random.between(20, 400) : this.latencyMs();
  }

  private callerOf(agent: Process): object {
    let caller = this.callers.get(agent);
    if (!caller) this.callers.set(agent, (caller = {}));
    return caller;
  }

  private hangUp(agent: Process): void {
    const caller = this.callers.get(agent);
    const { served } = this;
    this.callers.delete(agent);
    if (caller && served) served.process.after(0, () => served.desk.left(caller));
  }

  private breakCalls(which: (call: Call) => boolean, why: string): void {
    for (const call of [...this.calls]) {
      if (!which(call)) continue;
      this.calls.delete(call);
      this.timeline.after(0, () => call.fail(unreachable(why)), call.agent);
    }
  }
}

const unreachable = (text: string): LocalError => new LocalError('unreachable', `guard: ${text}`);
