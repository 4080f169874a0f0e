/** Which GoBGP answers at an address: 3 and 4 serve under different names, and each refuses the other's. */
import { SpeakerError } from '../../../ports/speaker.js';
import { type Api, type ApiOptions, connectApi } from './api.js';
import type { Dialect } from './dialect.js';
import { gobgp3 } from './v3.js';
import { gobgp4 } from './v4.js';
import { faultOf } from './versions.js';

export interface ConnectionOptions extends ApiOptions {
  /** The release that is installed on this machine, as far as that can be told; it need not be the one that runs. */
  readonly installedRelease: () => Promise<string | undefined>;
}

/**
 * Asks once and remembers until the daemon is lost: who comes back may be of
 * another version.
 */
export class Connection {
  private readonly apis = new Map<Dialect, Api>();
  private found: Promise<Api> | undefined;
  /** Asked first: most daemons come back as they were. */
  private order: readonly Dialect[] = [gobgp3, gobgp4];

  constructor(private readonly options: ConnectionOptions) {}

  /** Rejects with `unsupported-version` for a daemon that is neither, or a release that is known to be broken. */
  api(): Promise<Api> {
    if (this.found) return this.found;
    const found = this.ask();
    this.found = found;
    found.catch(() => {
      if (this.found === found) this.forget();
    });
    return found;
  }

  forget(): void {
    this.found = undefined;
  }

  close(): void {
    for (const api of this.apis.values()) api.close();
  }

  private async ask(): Promise<Api> {
    for (const dialect of this.order) {
      const api = this.apis.get(dialect) ?? connectApi(dialect, this.options);
      this.apis.set(dialect, api);
      if (!(await answers(api))) continue;
      this.order = [dialect, ...this.order.filter((other) => other !== dialect)];
      await this.refuseBroken(dialect);
      return api;
    }
    throw this.unsupported('neither GoBGP 3 nor 4 answers there; run gobgpd 3.10 or later');
  }

  private async refuseBroken({ version }: Dialect): Promise<void> {
    const installed = await this.options.installedRelease();
    const fault = installed?.startsWith(`${version}.`) ? faultOf(installed) : undefined;
    if (fault !== undefined) throw this.unsupported(fault);
  }

  private unsupported(what: string): SpeakerError {
    return new SpeakerError('unsupported-version', `${this.options.name}: ${what}`);
  }
}

async function answers(api: Api): Promise<boolean> {
  try {
    await api.call('GetBgp', {});
    return true;
  } catch (error) {
    if (error instanceof SpeakerError && error.reason === 'unsupported-version') return false;
    throw error;
  }
}
