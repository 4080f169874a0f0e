/** Runs programs. The only way to a child process outside `drivers/exec`. */
export interface Exec {
  /**
   * Runs one program to its end.
   *
   * Never throws for an exit status: the caller sees it. Throws `ExecError`
   * when the program cannot be started, outlives `timeoutMs` (it is killed
   * first), prints more than `outputLimit`, or is aborted.
   */
  run(argv: readonly [string, ...string[]], options?: ExecOptions): Promise<ExecResult>;

  /**
   * Starts a program whose standard output is a stream of lines. The caller
   * owns it and ends it with `stop`, which resolves when the process is gone.
   */
  stream(argv: readonly [string, ...string[]], handlers: StreamHandlers): StreamHandle;
}

export interface ExecOptions {
  /** Standard input. */
  readonly input?: string;
  /** Default 5,000. */
  readonly timeoutMs?: number;
  /** Bytes of each of the two outputs. Default 64 MiB. */
  readonly outputLimit?: number;
  /** In a session of its own, whose processes are all killed at the program's end, whatever ends it. */
  readonly withChildren?: boolean;
  /** Kills it: `ExecError`, `killed`. */
  readonly signal?: AbortSignal;
}

export interface ExecResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StreamHandlers {
  line(text: string): void;
  /** Called once, also when the program could not be started. */
  ended(reason: string): void;
}

export interface StreamHandle {
  /** Writes one line to the program's standard input; dropped once it has ended. */
  write(text: string): void;
  stop(): Promise<void>;
}

/** A program that could not be run to its end. */
export class ExecError extends Error {
  override readonly name = 'ExecError';
  constructor(
    readonly argv: readonly string[],
    readonly reason: 'not-found' | 'not-permitted' | 'not-started' | 'timeout' | 'output-limit' | 'killed',
    message: string,
  ) {
    super(message);
  }
}
