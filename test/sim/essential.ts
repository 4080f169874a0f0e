/** The guard's own eyes: the kernel's truth, unless it may not look. */
import type { EssentialCheck, EssentialFinding } from '../../src/model/essential.js';
import { tunnelKey } from '../../src/model/kernel-order.js';
import { EDGE_DEVICE } from '../../src/model/naming.js';
import type { EssentialChecks } from '../../src/ports/essential.js';
import type { SimKernel } from './kernel.js';
import type { Process } from './process.js';

export function simulatedEssential(guard: Process, kernel: SimKernel): EssentialChecks {
  const judge = (check: EssentialCheck): EssentialFinding => {
    if (kernel.isBlinding) return { state: 'unknown', detail: 'Operation not permitted' };
    const needed = check.kind === 'links' ? check.devices : [check.address];
    const stands =
      check.kind === 'links' ? check.devices.some((device) => isUp(kernel, check.netns, device)) : has(kernel, check);
    return stands ? { state: 'good' } : { state: 'broken', detail: `${needed.join(', ')} missing` };
  };
  return { look: (checks) => guard.hears(kernel.tookMs(), () => checks.map(judge)) };
}

function isUp(kernel: SimKernel, netns: string, device: string): boolean {
  const { uplinks, veths, tunnels } = kernel.truth();
  if (device === EDGE_DEVICE) return veths.some((veth) => veth.netns === netns && veth.ready);
  return (
    (netns === '' && uplinks.some(({ name, up }) => name === device && up)) ||
    (netns === '' && veths.some(({ name, ready }) => name === device && ready)) ||
    tunnels.some((tunnel) => tunnelKey(tunnel) === tunnelKey({ netns, name: device }) && tunnel.up)
  );
}

const has = (kernel: SimKernel, wanted: Extract<EssentialCheck, { kind: 'address' }>): boolean =>
  kernel
    .truth()
    .addresses.some(
      ({ netns, device, address }) => netns === wanted.netns && device === wanted.device && address === wanted.address,
    );
