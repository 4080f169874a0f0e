/** GoBGP as the suite asks for it: one driver, several releases of the daemon. */
import { fileURLToPath } from 'node:url';
import { createGobgpSpeaker, GOBGP_CAN } from '../../src/drivers/speaker/gobgp.js';
import { type Gobgpd, startGobgpd } from '../drivers/speaker/gobgpd.js';
import { fetched, type Release } from '../drivers/speaker/releases.js';
import type { DaemonUnderTest, SpeakerUnderTest } from './stage.js';
import { conformance } from './suite.js';

const protoDir = fileURLToPath(new URL('../../protos', import.meta.url));

export interface GobgpUnderTest extends DaemonUnderTest {
  readonly gobgpd: Gobgpd;
}

export const gobgpUnderTest = (release: Release): SpeakerUnderTest<GobgpUnderTest> => ({
  name: `gobgpd ${release.version}`,
  can: GOBGP_CAN,
  start: async (anchor) => {
    const gobgpd = await startGobgpd(anchor, release);
    return {
      gobgpd,
      open: () => createGobgpSpeaker({ address: gobgpd.address, protoDir, serverTag: { asn: 64_500, server: 11 } }),
      kill: () => gobgpd.kill(),
      restart: () => gobgpd.restart(),
      stop: () => gobgpd.stop(),
    };
  },
});

/** The suite for a release that is fetched; skipped, and counted as such, where it could not be had. */
export function conformanceOf(version: string): void {
  const release = fetched(version);
  if (release) conformance(gobgpUnderTest(release));
  else test.skip(`gobgpd ${version}: not fetched`, () => undefined);
}
