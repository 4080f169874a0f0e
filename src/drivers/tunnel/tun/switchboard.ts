import type { Carrier } from './carrier.js';
import type { Answer, OpenedTunnel, Request, Step } from './protocol.js';

interface Label {
  readonly netns: string;
  readonly name: string;
}

/**
 * Answers requests about a carrier's tunnels. Knows each by its label; ids are
 * never used twice, also not by the next process, because `instance` differs.
 */
export class Switchboard {
  readonly #labels = new Map<string, Label>();
  #opened = 0;

  constructor(
    private readonly carrier: Carrier,
    private readonly instance: string,
  ) {}

  /** Never throws: a refusal is an answer. */
  answer(request: Request): Answer {
    try {
      return request.ask === 'list' ? this.#list() : this.#apply(request.steps);
    } catch (error) {
      return { answer: 'failed', message: error instanceof Error ? error.message : String(error) };
    }
  }

  #list(): Answer {
    const tunnels = this.carrier.tunnels.flatMap(({ id, aim, counters }) => {
      const label = this.#labels.get(id);
      return label === undefined ? [] : [{ id, ...label, ...aim.ends, counters: { ...counters } }];
    });
    return { answer: 'list', tunnels, refused: { ...this.carrier.refused } };
  }

  #apply(steps: readonly Step[]): Answer {
    return { answer: 'applied', opened: steps.flatMap((step) => this.#take(step)) };
  }

  #take(step: Step): readonly OpenedTunnel[] {
    const label = { netns: step.netns, name: step.name };
    switch (step.do) {
      case 'open': {
        this.#close(label);
        const id = `${this.instance}.${++this.#opened}`;
        const { device } = this.carrier.open(id, 'cvt%d', endsOf(step));
        this.#labels.set(id, label);
        return [{ id, ...label, device }];
      }
      case 'retarget': {
        const id = this.#find(label);
        if (id === undefined || !this.carrier.retarget(id, endsOf(step))) {
          throw new Error(`${step.name} of ${step.netns} is not open here; open it`);
        }
        return [];
      }
      case 'close':
        this.#close(label);
        return [];
    }
  }

  #close(label: Label): void {
    const id = this.#find(label);
    if (id !== undefined) this.carrier.close(id);
    this.#forgetVanished();
  }

  #find({ netns, name }: Label): string | undefined {
    this.#forgetVanished();
    for (const [id, label] of this.#labels) if (label.netns === netns && label.name === name) return id;
    return undefined;
  }

  #forgetVanished(): void {
    const open = new Set(this.carrier.tunnels.map(({ id }) => id));
    for (const id of this.#labels.keys()) if (!open.has(id)) this.#labels.delete(id);
  }
}

function endsOf({ local, remote, key }: Exclude<Step, { do: 'close' }>) {
  return { local, remote, ...(key !== undefined && { key }) };
}
