import type { CheckSample, CheckSpec } from '../../model/check.js';
import type { Clock } from '../../ports/clock.js';
import type { Exec } from '../../ports/exec.js';
import type { Namespaces } from '../../ports/namespaces.js';
import type { Syscalls } from '../../ports/syscall.js';
import { Beats } from './beats.js';
import { CheckRun } from './check-run.js';
import { Connector } from './connector.js';
import { EchoSockets } from './echo-sockets.js';
import { execProbing, ProgramCount } from './exec-probing.js';
import { httpProbing } from './http-probing.js';
import { icmpProbing } from './icmp-probing.js';
import type { End, Probing } from './probing.js';
import { tcpProbing } from './tcp-probing.js';

export interface CheckSetOptions {
  readonly syscalls: Syscalls;
  readonly namespaces: Namespaces;
  readonly exec: Exec;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly sample: (sample: CheckSample) => void;
}

/** All checks of this process, and what they share. */
export class CheckSet {
  readonly #runs = new Map<string, CheckRun>();
  readonly #beats: Beats;
  readonly #parts;

  /** Throws `SyscallError` where there is no libc that we know. */
  constructor(private readonly options: CheckSetOptions) {
    const { syscalls, namespaces, exec, clock } = options;
    this.#beats = new Beats(clock);
    this.#parts = {
      syscalls,
      namespaces,
      exec,
      programs: new ProgramCount(),
      echoes: new EchoSockets(syscalls, namespaces),
      connector: new Connector(syscalls, namespaces),
    };
  }

  /** Replaces the list; checks that stay the same go on undisturbed. */
  configure(checks: readonly CheckSpec[]): void {
    const wanted = new Map(checks.map((spec) => [JSON.stringify(spec), spec]));
    for (const [text, run] of this.#runs) {
      if (wanted.has(text)) continue;
      run.stop();
      this.#runs.delete(text);
    }
    for (const [text, spec] of wanted) if (!this.#runs.has(text)) this.#runs.set(text, this.#run(spec));
  }

  close(): void {
    this.configure([]);
    this.#beats.close();
    this.#parts.echoes.close();
    this.#parts.connector.close();
  }

  #run(spec: CheckSpec): CheckRun {
    const { clock, sample } = this.options;
    const probing = (ended: (end: End) => void): Probing => this.#probing(spec, ended);
    return new CheckRun({ spec, beats: this.#beats, now: () => clock.now(), sample, probing });
  }

  #probing(spec: CheckSpec, ended: (end: End) => void): Probing {
    const { probe } = spec;
    switch (probe.kind) {
      case 'icmp':
        return icmpProbing(this.#parts, spec, probe, ended);
      case 'tcp':
        return tcpProbing(this.#parts, spec, probe, ended);
      case 'http':
        return httpProbing(this.#parts, spec, probe, ended);
      case 'exec':
        return execProbing(this.#parts, spec, probe, ended);
    }
  }
}
