/** The guard's own look at the kernel: links and addresses, over rtnetlink. */
import type { EssentialCheck, EssentialFinding } from '../../model/essential.js';
import type { Netns } from '../../model/kernel.js';
import { DEFAULT_NETNS } from '../../model/naming.js';
import type { EssentialChecks } from '../../ports/essential.js';
import type { Interface, Rtnetlink } from '../../ports/rtnetlink.js';

export function createEssentialChecks(rtnetlink: Rtnetlink): EssentialChecks {
  return {
    look: async (checks) => {
      const namespaces = [...new Set(checks.map(({ netns }) => netns))];
      try {
        const found = await rtnetlink.interfaces(namespaces);
        return checks.map((check) => judge(check, found.get(check.netns)));
      } catch (error) {
        const detail = error instanceof Error ? error.message : String(error);
        return checks.map(() => ({ state: 'unknown', detail }));
      }
    },
  };
}

const GOOD: EssentialFinding = { state: 'good' };
const broken = (detail: string): EssentialFinding => ({ state: 'broken', detail });

/**
 * A namespace without a name may live on and carry packets, which its veth
 * pair tells; what is inside cannot be seen.
 */
function judge(check: EssentialCheck, interfaces: readonly Interface[] | undefined): EssentialFinding {
  if (!interfaces) return { state: 'unknown', detail: `no namespace ${check.netns}` };
  const at = check.netns === DEFAULT_NETNS ? '' : ` in ${check.netns}`;
  return check.kind === 'links' ? judgeLinks(check.devices, interfaces, at) : judgeAddress(check, interfaces);
}

function judgeLinks(devices: readonly string[], interfaces: readonly Interface[], at: string): EssentialFinding {
  const there = interfaces.filter(({ name }) => devices.includes(name));
  if (there.some(({ up, carrier }) => up && carrier)) return GOOD;
  const present = new Set(there.map(({ name }) => name));
  return broken(devices.map((name) => `${name} ${present.has(name) ? 'is down' : 'is missing'}${at}`).join(', '));
}

function judgeAddress(
  { device, address }: { readonly netns: Netns; readonly device: string; readonly address: string },
  interfaces: readonly Interface[],
): EssentialFinding {
  const held = interfaces.some(
    ({ name, addresses }) => name === device && addresses.some((a) => a.address === address),
  );
  return held ? GOOD : broken(`${address} is missing on ${device}`);
}
