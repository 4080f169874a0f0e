/** What operators tell the agent. */
import { userInfo } from 'node:os';
import type { IntentOptions, ReloadOptions } from '../cli/commands.js';
import { parseDuration } from '../config/durations.js';
import { parsePercentage } from '../config/percentages.js';
import { agentIntend, agentReload } from '../local/agent-client.js';
import { parsePrefix, type Prefix } from '../model/address.js';
import type { Intent } from '../model/intent.js';
import { sockets } from './paths.js';

/** Whoever stands behind sudo: everybody who may open the socket is root. */
const authorOf = (written: string | undefined): string => written ?? process.env.SUDO_USER ?? userInfo().username;

export function intend(options: IntentOptions, text: string): Promise<Intent> {
  const forMs = options.for === undefined ? undefined : parseDuration(options.for);
  if (options.for !== undefined && !forMs) throw new Error(`--for ${options.for} is not a duration; write 30m or 2h`);
  return agentIntend(sockets(options.runDir).agent, {
    prefix: prefixFrom(text),
    want: options.want,
    author: authorOf(options.author),
    reason: options.reason,
    ...(forMs === undefined ? {} : { forMs }),
  });
}

function prefixFrom(text: string): Prefix {
  const prefix = parsePrefix(text);
  if (prefix === 'host-bits')
    throw new Error(`${text} has bits set after its length; write the prefix as the fleet has it`);
  if (prefix === 'not-a-prefix')
    throw new Error(`${text} is not a prefix; write one as the fleet has it, such as 203.0.113.0/24`);
  return prefix;
}

export function reload({ runDir, allowWithdraw, author }: ReloadOptions): Promise<string> {
  if (allowWithdraw === undefined) return agentReload(sockets(runDir).agent);
  const percent = parsePercentage(allowWithdraw);
  if (percent === undefined || percent > 100) {
    throw new Error(`--allow-withdraw ${allowWithdraw} is not a percentage; write one such as 60%`);
  }
  return agentReload(sockets(runDir).agent, { share: percent / 100, author: authorOf(author) });
}
