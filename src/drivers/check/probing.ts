import { getSystemErrorMap } from 'node:util';
import type { CheckSpec } from '../../model/check.js';
import { KernelError } from '../../ports/kernel.js';
import {
  EADDRNOTAVAIL,
  ECONNREFUSED,
  ECONNRESET,
  EHOSTUNREACH,
  ENETUNREACH,
  ETIMEDOUT,
  SyscallError,
} from '../../ports/syscall.js';

/** How a probe ended; see `CheckSample`. */
export interface End {
  readonly outcome: 'ok' | 'failed' | 'unsent';
  readonly detail?: string;
}

export const OK: End = { outcome: 'ok' };
export const failed = (detail: string): End => ({ outcome: 'failed', detail });
export const unsent = (detail: string): End => ({ outcome: 'unsent', detail });

/** The way in which one check is made, one probe at a time. Ends are told to the callback it was built with. */
export interface Probing {
  /** Starts a probe. An end that is known at once is returned and not told. */
  begin(): End | undefined;
  /** Takes in what has arrived: called before a probe is declared lost, because after a pause timers run first. */
  look(): void;
  /** Gives up the probe under way; its end is not told any more. */
  abandon(): void;
  /** What a timeout means, `no answer`. */
  readonly silence: string;
  /** Ends everything it holds. */
  close(): void;
}

const ANSWERS: readonly number[] = [-ECONNREFUSED, -ECONNRESET, -ETIMEDOUT];
const NO_ROUTE: readonly number[] = [-ENETUNREACH, -EHOSTUNREACH];

/** `connection refused`, from a negated errno. */
export const errnoText = (errno: number): string => getSystemErrorMap().get(errno)?.[1] ?? `error ${-errno}`;

type Asked = Pick<CheckSpec, 'source' | 'remote'>;

const withoutSource = ({ source }: Asked): End => unsent(`the source ${source ?? ''} is no address here`);

/**
 * What a negated errno from the call that sends proves. An answer is one.
 * Without a route a service of our own cannot be reached, and a remote one
 * was never asked; nor was one that is asked from an address that went.
 */
export function endOfSending(errno: number, asked: Asked): End {
  if (errno === -EADDRNOTAVAIL && asked.source !== undefined) return withoutSource(asked);
  const isOurs = asked.remote || asked.source !== undefined;
  const isProof = ANSWERS.includes(errno) || (!isOurs && NO_ROUTE.includes(errno));
  return (isProof ? failed : unsent)(errnoText(errno));
}

/** What could not even be tried; anything else is a defect and goes on. */
export function endOfTrying(error: unknown, asked: Asked): End {
  if (error instanceof SyscallError && error.errno === 'EADDRNOTAVAIL') return withoutSource(asked);
  if (error instanceof SyscallError || error instanceof KernelError) return unsent(error.message);
  throw error;
}
