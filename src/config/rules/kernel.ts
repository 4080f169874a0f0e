import type { Rule } from '../judge.js';

const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;

/** unspec, compat, default, main and local, linux/rtnetlink.h. */
const KERNEL_TABLES: readonly number[] = [0, 252, 253, 254, 255];

/** linux/rtnetlink.h, and what iproute2 and FRR register in rt_protos. Who flushes by number would flush ours. */
const KNOWN_PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [0, 'unspec'],
  [1, 'redirect'],
  [2, 'kernel'],
  [3, 'boot'],
  [4, 'static'],
  [8, 'gated'],
  [9, 'ra'],
  [10, 'mrt'],
  [11, 'zebra'],
  [12, 'bird'],
  [13, 'dnrouted'],
  [14, 'xorp'],
  [15, 'ntk'],
  [16, 'dhcp'],
  [17, 'mrouted'],
  [18, 'keepalived'],
  [42, 'babel'],
  [84, 'ovn'],
  [99, 'openr'],
  [186, 'bgp'],
  [187, 'isis'],
  [188, 'ospf'],
  [189, 'rip'],
  [190, 'ripng'],
  [191, 'nhrp'],
  [192, 'eigrp'],
  [193, 'ldp'],
  [194, 'sharp'],
  [195, 'pbr'],
  [196, 'frr static'],
  [197, 'openfabric'],
]);

export const markRule: Rule = ({ kernel: { mark, mask } }, judge) => {
  // Signed 32-bit operators, unsigned again by >>> 0.
  const stray = (mark & ~mask) >>> 0;
  if (mask === 0) {
    judge.refuse({
      code: 'mark',
      path: ['kernel', 'mask'],
      message: 'mask 0 matches every packet',
      remedy: 'write the bits that are ours, such as 0xff000000',
    });
  } else if (mark === 0) {
    judge.refuse({
      code: 'mark',
      path: ['kernel', 'mark'],
      message: 'mark 0 is the mark of every unmarked packet',
      remedy: 'write a mark such as 0x77000000',
    });
  } else if (stray !== 0) {
    const message = `mark ${hex(mark)} has bits outside mask ${hex(mask)}: ${hex(stray)}`;
    const path = ['kernel', judge.isWritten(['kernel', 'mark']) ? 'mark' : 'mask'];
    judge.refuse({ code: 'mark', path, message, remedy: 'write a mark inside the mask' });
  }
};

export const tableRule: Rule = ({ kernel: { table } }, judge) => {
  if (!KERNEL_TABLES.includes(table)) return;
  judge.refuse({
    code: 'table',
    path: ['kernel', 'table'],
    message: `table ${table} is one of the kernel's own`,
    remedy: 'write a number of your own, such as 7700',
  });
};

export const protocolRule: Rule = ({ kernel: { protocol } }, judge) => {
  const owner = KNOWN_PROTOCOLS.get(protocol) ?? (protocol <= 4 ? 'the kernel' : undefined);
  if (owner === undefined) return;
  judge.refuse({
    code: 'protocol',
    path: ['kernel', 'protocol'],
    message: `protocol ${protocol} belongs to ${owner}`,
    remedy: 'write a number of your own, such as 77',
  });
};
