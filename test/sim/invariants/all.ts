import type { World } from '../world.js';
import { nothingForbidden } from './allowed.js';
import { calmReturns } from './calm.js';
import { withdrawalHasCause } from './cause.js';
import { oldEpochsAreRefused } from './epoch.js';
import { takenOutStaysOut } from './intent.js';
import { leaseHolds } from './lease.js';
import { nothingTornDownUnderTraffic } from './order.js';
import { pausesExpireNothing } from './pause.js';
import { proofWithdraws } from './proof.js';
import { budgetsHold, remoteFaultsLower } from './remote.js';
import { failedServicesLower } from './service.js';

/** Every invariant. With `skips`, time in which nothing happens is skipped up to `end`. */
export function watchEverything(world: World, end: number, skips: boolean): void {
  const watchers = [
    nothingForbidden(world),
    oldEpochsAreRefused(),
    nothingTornDownUnderTraffic(world),
    leaseHolds(world),
    pausesExpireNothing(world),
    proofWithdraws(world),
    remoteFaultsLower(world),
    budgetsHold(),
    failedServicesLower(world),
    takenOutStaysOut(world),
    withdrawalHasCause(world),
    calmReturns(world, end, skips),
  ];
  for (const watcher of watchers) world.watch(watcher);
}
