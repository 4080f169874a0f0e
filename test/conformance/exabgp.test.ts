import { createExabgpSpeaker } from '../../src/drivers/speaker/exabgp.js';
import { EXABGP_CAN } from '../../src/drivers/speaker/exabgp/neighbor.js';
import { startExabgpd } from '../drivers/speaker/exabgpd.js';
import { conformance } from './suite.js';

/** Debian 12's, 4.2.21. */
conformance({
  name: 'exabgp',
  can: EXABGP_CAN,
  resends: true,
  start: async (anchor) => {
    const exabgpd = await startExabgpd(anchor);
    return {
      open: () => createExabgpSpeaker({ socket: exabgpd.socket, serverTag: { asn: 64_500, server: 11 } }),
      kill: () => exabgpd.kill(),
      restart: () => exabgpd.restart(),
      stop: () => exabgpd.stop(),
    };
  },
});
