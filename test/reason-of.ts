import { KernelError } from '../src/ports/kernel.js';

/** Why a call was refused; `undefined` when it was not. Rethrows whatever is no `KernelError`. */
export function reasonOf(call: () => unknown): KernelError['reason'] | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (error instanceof KernelError) return error.reason;
    throw error;
  }
}
