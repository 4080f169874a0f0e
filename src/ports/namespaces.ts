import type { Netns } from '../model/kernel.js';

/** Network namespaces by name, as ip-netns(8) keeps them. '' is the default one, in which this machine's uplinks live. */
export interface Namespaces {
  /** Names, sorted; none when no namespace was ever made. */
  names(): readonly Netns[];
  /**
   * Runs a synchronous call inside a namespace; sockets opened there stay
   * there. Throws `KernelError`: `absent` when there is no such namespace,
   * `not-permitted`, `unreadable`.
   */
  within<T>(netns: Netns, call: () => T): T;
  /** Where its file lies, for programs and for the kernel's own lookups; `undefined`: the one this process is in. */
  pathOf(netns: Netns): string | undefined;
}
