/**
 * The two pipes between ExaBGP and its API process.
 *
 * Invariants: commands are answered in their order, each by any number of
 * lines and then `done` or `error`; a line that begins with `{` is an event
 * and no answer. At first the order is not known: the daemon still answers
 * what a process before had asked. Nor is it when an answer fails to come;
 * then all commands under way are given up. None is written until the answer
 * to a mark has shown where the next one begins.
 */
import { StringDecoder } from 'node:string_decoder';
import type { Readable, Writable } from 'node:stream';
import { SpeakerError } from '../../../ports/speaker.js';
import { MARK_ANSWER, MARK_COMMAND, SPOILER } from './commands.js';

export interface DialogueOptions {
  /** What ExaBGP says. */
  readonly input: Readable;
  /** What it is told. Written to without waiting: a pipe that blocked both ways would stop both for good. */
  readonly output: Writable;
  readonly event: (line: string) => void;
  /** ExaBGP has closed its end. Called once. */
  readonly ended: () => void;
  /** Milliseconds without a word after which an answer is given up. */
  readonly silenceMs?: number;
}

/**
 * Commands that ExaBGP has at a time. It works in turns and sleeps for 10 ms
 * after one in which nothing new came: each answer is met with the next
 * command, which wakes it.
 */
const AT_ONCE = 4;
/** An answer of ten thousand lines takes a second on a slow machine, and every line counts as a word. */
const SILENCE_MS = 4_000;
/** Of one line, and of one whole answer, in characters: a million routes have about 200 MB. */
const LONGEST_LINE = 4 * 1024 * 1024;
const LONGEST_ANSWER = 256 * 1024 * 1024;

interface Waiting {
  readonly command: string;
  readonly lines: string[];
  size: number;
  readonly resolve: (lines: readonly string[]) => void;
  readonly reject: (error: SpeakerError) => void;
}

export class Dialogue {
  readonly #options: DialogueOptions;
  readonly #decoder = new StringDecoder('utf8');
  #partial = '';
  /** Written, and not written yet. */
  #waiting: Waiting[] = [];
  #queued: Waiting[] = [];
  /** `starting` keeps what is asked for, `lost` refuses it. */
  #order: 'starting' | 'known' | 'lost' = 'starting';
  /** While the order is not known: the mark's first line has come. */
  #marked = false;
  #over = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DialogueOptions) {
    this.#options = options;
    const { input, output } = options;
    input.on('data', (chunk: Buffer) => this.#take(this.#decoder.write(chunk)));
    const end = (): void => this.#end();
    for (const stream of [input, output]) stream.on('error', end).on('close', end);
    input.on('end', end);
    output.write(`${SPOILER}\n${MARK_COMMAND}\n`);
    this.#watch();
  }

  /** Resolves to the lines of the answer. Rejects with SpeakerError `rejected`, `timeout` or `unreachable`. */
  ask(command: string): Promise<readonly string[]> {
    if (this.#over) return Promise.reject(new SpeakerError('unreachable', 'exabgp has ended'));
    if (this.#order === 'lost')
      return Promise.reject(new SpeakerError('timeout', 'exabgp does not answer its API process'));
    return new Promise((resolve, reject) => {
      this.#queued.push({ command, lines: [], size: 0, resolve, reject });
      this.#write();
    });
  }

  /** All of them at once, and all answers. */
  async askAll(commands: readonly string[]): Promise<void> {
    await Promise.all(commands.map((command) => this.ask(command)));
  }

  #write(): void {
    if (this.#order !== 'known') return;
    const next = this.#queued.splice(0, AT_ONCE - this.#waiting.length);
    if (next.length === 0) return;
    this.#waiting.push(...next);
    this.#options.output.write(next.map(({ command }) => `${command}\n`).join(''));
    this.#watch();
  }

  #take(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) this.#line(line.trimEnd());
    if (this.#partial.length > LONGEST_LINE) this.#lose('a line without an end');
  }

  #line(line: string): void {
    if (line.startsWith('{')) {
      this.#options.event(line);
      return;
    }
    if (this.#order !== 'known') {
      this.#find(line);
      return;
    }
    const [head] = this.#waiting;
    // A word that nobody waits for: the order is not what it was.
    if (!head) return this.#lose(`the word ${JSON.stringify(line.slice(0, 40))} without being asked`);
    this.#watch();
    if (line === 'done' || line === 'error') {
      this.#waiting.shift();
      this.#write();
      if (this.#waiting.length === 0) this.#unwatch();
      if (line === 'done') head.resolve(head.lines);
      else head.reject(new SpeakerError('rejected', `exabgp refuses ${JSON.stringify(head.command.slice(0, 200))}`));
      return;
    }
    head.size += line.length;
    head.lines.push(line);
    if (head.size > LONGEST_ANSWER) this.#lose('an answer without an end');
  }

  #watch(): void {
    this.#timer ??= setTimeout(() => this.#lose('nothing'), this.#options.silenceMs ?? SILENCE_MS);
    this.#timer.refresh();
  }

  #unwatch(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #lose(what: string): void {
    this.#unwatch();
    this.#partial = '';
    this.#giveUp(new SpeakerError('timeout', `exabgp answers with ${what}`));
    // One mark is enough to find; a second would be taken for an answer.
    if (this.#order === 'known' && !this.#over) this.#options.output.write(`${MARK_COMMAND}\n`);
    this.#order = 'lost';
  }

  /** Late answers pass until the mark's comes; its `done` ends the search. */
  #find(line: string): void {
    if (this.#order === 'starting') this.#watch();
    if (MARK_ANSWER.test(line)) this.#marked = true;
    if (line !== 'done' || !this.#marked) return;
    [this.#order, this.#marked] = ['known', false];
    this.#unwatch();
    this.#write();
  }

  #giveUp(error: SpeakerError): void {
    const waiting = [...this.#waiting, ...this.#queued];
    [this.#waiting, this.#queued] = [[], []];
    for (const { reject } of waiting) reject(error);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#unwatch();
    this.#giveUp(new SpeakerError('unreachable', 'exabgp has ended'));
    this.#options.ended();
  }
}
