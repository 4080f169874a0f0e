import type { Rule } from '../judge.js';
import { overlapRule, prefixLengthRule } from './announced.js';
import { asnLoopRule, asnRule } from './asns.js';
import {
  checkFamilyRule,
  checkPrefixRule,
  checkRouterRule,
  checkTargetRule,
  checkTimeoutRule,
  checkWayRule,
} from './checks.js';
import { firewallRule } from './firewall.js';
import { markRule, protocolRule, tableRule } from './kernel.js';
import { deviceNameRule, machineNameRule, nameRule } from './names.js';
import { coveringRule, icmpSourceRule } from './provider.js';
import { reservedRule } from './reserved.js';
import {
  advertisedRouteRule,
  repeatedRouteRule,
  routelessSiteRule,
  routePrefixRule,
  routeScopeRule,
  routeTunnelRule,
  unusedTunnelRule,
} from './routes.js';
import { holdRule, mixedSessionRule, multihopRule, ttlSecurityRule } from './sessions.js';
import { speakerKeepaliveRule } from './speakers.js';
import {
  addressRule,
  machineInsideAnnouncedRule,
  populatedRule,
  routerFamilyRule,
  serverWithoutV6Rule,
  uplinkRule,
} from './sites.js';
import { mtuRule } from './tunnel-mtu.js';
import { innerRule, remoteRule, repeatedRemoteRule } from './tunnels.js';
import { networkRule, routerIdRule, upstreamAddressRule, upstreamRule } from './upstreams.js';

/** Every rule of a fleet. They do not depend on each other: findings are sorted by place. */
export const RULES: readonly Rule[] = [
  populatedRule,
  nameRule,
  machineNameRule,
  deviceNameRule,
  asnRule,
  asnLoopRule,
  prefixLengthRule,
  overlapRule,
  reservedRule,
  coveringRule,
  icmpSourceRule,
  addressRule,
  machineInsideAnnouncedRule,
  uplinkRule,
  routerFamilyRule,
  serverWithoutV6Rule,
  holdRule,
  speakerKeepaliveRule,
  mixedSessionRule,
  ttlSecurityRule,
  multihopRule,
  routerIdRule,
  upstreamRule,
  upstreamAddressRule,
  networkRule,
  remoteRule,
  repeatedRemoteRule,
  innerRule,
  mtuRule,
  routeTunnelRule,
  routePrefixRule,
  routeScopeRule,
  repeatedRouteRule,
  advertisedRouteRule,
  routelessSiteRule,
  unusedTunnelRule,
  firewallRule,
  checkTimeoutRule,
  checkWayRule,
  checkTargetRule,
  checkFamilyRule,
  checkPrefixRule,
  checkRouterRule,
  markRule,
  tableRule,
  protocolRule,
];
