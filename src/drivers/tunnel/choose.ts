import type { TunnelDriver } from '../../ports/kernel.js';

export interface TunnelChoice {
  readonly requested: 'auto' | 'kernel' | 'tun';
  /** Whether this machine says that it is a lab's. */
  readonly lab: boolean;
  readonly kernel: TunnelDriver;
  readonly tun: TunnelDriver;
}

export type ChosenTunnels =
  /** `said` is for the log: which one and why. */
  { readonly driver: TunnelDriver; readonly said: string } | { readonly refusal: string };

const LAB_ONLY = 'GRE in user space is for labs only';

/** The kernel's GRE where there is any; user space only in a lab, because it neither scales nor keeps pace with an attack. */
export async function chooseTunnelDriver({ requested, lab, kernel, tun }: TunnelChoice): Promise<ChosenTunnels> {
  if (requested === 'tun' && !lab) return { refusal: `${LAB_ONLY}; ask for kernel tunnels` };
  if (requested !== 'tun') {
    const inKernel = await kernel.probe();
    if (inKernel.works) return { driver: kernel, said: 'tunnels by the kernel (ip_gre)' };
    if (requested === 'kernel') return { refusal: `${inKernel.detail}; load ip_gre: modprobe ip_gre` };
    if (!lab) return { refusal: `${inKernel.detail}; load ip_gre: modprobe ip_gre. ${LAB_ONLY}` };
    return tryTun(tun, `this kernel has ${inKernel.detail}`);
  }
  return tryTun(tun, 'as requested');
}

async function tryTun(tun: TunnelDriver, why: string): Promise<ChosenTunnels> {
  const inUserSpace = await tun.probe();
  if (inUserSpace.works) return { driver: tun, said: `tunnels in user space (tund): ${why}` };
  return { refusal: `${why}, and ${inUserSpace.detail}` };
}
