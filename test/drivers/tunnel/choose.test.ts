import { chooseTunnelDriver } from '../../../src/drivers/tunnel/choose.js';
import type { TunnelDriver } from '../../../src/ports/kernel.js';

type Probe = Awaited<ReturnType<TunnelDriver['probe']>>;

const driver = (kind: 'kernel' | 'tun', probe: Probe): TunnelDriver => ({
  kind,
  probe: () => Promise.resolve(probe),
  observe: () => Promise.reject(new Error('only probed here')),
  apply: () => Promise.reject(new Error('only probed here')),
});

const works: Probe = { works: true };
const noGre: Probe = { works: false, detail: 'no ip_gre: Unknown device type' };
const noTun: Probe = { works: false, detail: 'no TUN devices' };

test.each([
  ['auto', false, works, works, 'kernel: tunnels by the kernel (ip_gre)'],
  ['auto', true, works, works, 'kernel: tunnels by the kernel (ip_gre)'],
  ['auto', true, noGre, works, 'tun: tunnels in user space (tund): this kernel has no ip_gre: Unknown device type'],
  [
    'auto',
    false,
    noGre,
    works,
    'refused: no ip_gre: Unknown device type; load ip_gre: modprobe ip_gre. GRE in user space is for labs only',
  ],
  ['auto', true, noGre, noTun, 'refused: this kernel has no ip_gre: Unknown device type, and no TUN devices'],
  ['kernel', true, noGre, works, 'refused: no ip_gre: Unknown device type; load ip_gre: modprobe ip_gre'],
  ['kernel', false, works, works, 'kernel: tunnels by the kernel (ip_gre)'],
  ['tun', true, works, works, 'tun: tunnels in user space (tund): as requested'],
  ['tun', true, works, noTun, 'refused: as requested, and no TUN devices'],
  ['tun', false, works, works, 'refused: GRE in user space is for labs only; ask for kernel tunnels'],
] as const)('%s, lab %s', async (requested, lab, inKernel, inUserSpace, expected) => {
  const kernel = driver('kernel', inKernel);
  const tun = driver('tun', inUserSpace);
  const choice = await chooseTunnelDriver({ requested, lab, kernel, tun });
  expect('refusal' in choice ? `refused: ${choice.refusal}` : `${choice.driver.kind}: ${choice.said}`).toBe(expected);
});
