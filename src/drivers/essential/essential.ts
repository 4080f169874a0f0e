/** The guard's own look at the kernel: links and addresses, over rtnetlink. */
import type { EssentialCheck, EssentialFinding } from '../../model/essential.js';
import type { Netns } from '../../model/kernel.js';
import { DEFAULT_NETNS } from '../../model/naming.js';
import type { EssentialChecks } from '../../ports/essential.js';
import type { Interface, Rtnetlink } from '../../ports/rtnetlink.js';

export function createEssentialChecks(rtnetlink: Rtnetlink): EssentialChecks {
  const read = async (namespaces: readonly Netns[]): Promise<Seen> => {
    try {
      const found = await rtnetlink.interfaces(namespaces);
      const byName = new Map(
        [...found].map(([netns, interfaces]) => [netns, new Map(interfaces.map((own) => [own.name, own]))]),
      );
      return (netns) => byName.get(netns) ?? `no namespace ${netns}`;
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return () => detail;
    }
  };
  return {
    look: async (checks) => {
      const inside = new Set(checks.map(({ netns }) => netns));
      inside.delete(DEFAULT_NETNS);
      // Apart: whoever may not enter namespaces sees the default one nevertheless.
      const [own, others] = [await read([DEFAULT_NETNS]), await read([...inside])];
      return checks.map((check) => judge(check, (check.netns === DEFAULT_NETNS ? own : others)(check.netns)));
    },
  };
}

/** The interfaces of a namespace, or why they cannot be seen. */
type Seen = (netns: Netns) => Interfaces | string;
type Interfaces = ReadonlyMap<string, Interface>;

const GOOD: EssentialFinding = { state: 'good' };
const broken = (detail: string): EssentialFinding => ({ state: 'broken', detail });

/**
 * A namespace without a name may live on and carry packets, which its veth
 * pair tells; what is inside cannot be seen.
 */
function judge(check: EssentialCheck, interfaces: Interfaces | string): EssentialFinding {
  if (typeof interfaces === 'string') return { state: 'unknown', detail: interfaces };
  const at = check.netns === DEFAULT_NETNS ? '' : ` in ${check.netns}`;
  return check.kind === 'links' ? judgeLinks(check.devices, interfaces, at) : judgeAddress(check, interfaces);
}

function judgeLinks(devices: readonly string[], interfaces: Interfaces, at: string): EssentialFinding {
  const works = (name: string): boolean => {
    const device = interfaces.get(name);
    return device !== undefined && device.up && device.carrier;
  };
  if (devices.some(works)) return GOOD;
  return broken(devices.map((name) => `${name} ${interfaces.has(name) ? 'is down' : 'is missing'}${at}`).join(', '));
}

function judgeAddress(
  { device, address }: Extract<EssentialCheck, { kind: 'address' }>,
  interfaces: Interfaces,
): EssentialFinding {
  const held = interfaces.get(device)?.addresses.some((own) => own.address === address) ?? false;
  return held ? GOOD : broken(`${address} is missing on ${device}`);
}
