/** What can be wrong with a fleet file. The list is closed: every code has a test and a place in the documentation. */
export const ISSUES = {
  'no-file': 'there is nothing to read',
  'yaml-syntax': 'the text is not YAML',
  'yaml-unsupported':
    'YAML that a fleet file does not use: tags, keys that are not plain text, anchors inside themselves, very deep nesting',
  'duplicate-key': 'a key written twice in one map',
  'defined-twice': 'something written in two files of one folder',
  'missing-key': 'a required key is absent',
  'unknown-key': 'a key that means nothing here',
  'wrong-type': 'a number where text is expected, and the like',
  'wrong-value': 'none of the words that are allowed here',
  'out-of-range': 'a number or duration outside its range',
  empty: 'a map or list that needs at least one entry',
  'not-an-address': 'not an IP address of the family expected here',
  'not-a-prefix': 'not a prefix of the family expected here',
  'host-bits': 'a prefix with bits set after its length',
  'not-a-duration': 'not a number with its unit',
  'not-a-percentage': 'not a number with a percent sign',
  'not-a-port': 'neither a port nor a range of ports',
  'not-a-url': 'not an http or https URL that a check can fetch without asking anybody else',
  'not-a-command': 'a program without its absolute path',
  'not-a-device': 'not the name of a network interface, or one that is ours',
  'bad-name': 'a name that is not lower-case letters, digits and inner hyphens, or has a meaning of its own',
  'repeated-name': 'one name for two things',
  'device-collision': 'two names from which the same device name would be derived',
  'bad-asn': 'an AS number that no one may use (RFC 7607, 4893, 7300)',
  'reserved-asn': 'an AS number for documentation, or a private or reserved one where it would reach the Internet',
  'asn-loop': "a customer's AS number that our own routers would take for a loop",
  'prefix-too-long': 'longer than /24 or /48: the Internet would not carry it',
  'prefix-too-short': 'shorter than /8 or /16: nobody holds that much; default routes among them',
  'reserved-address': 'special-purpose addresses (RFC 6890) without allowReserved',
  'unroutable-address': 'loopback, multicast, link-local or unspecified where packets must be routed',
  overlap: 'two owners of one address',
  'repeated-prefix': 'one prefix twice',
  'outside-covering': 'an address of ours that no covering prefix attracts',
  'icmp-source': 'missing, or the tunnel endpoint itself',
  'repeated-address': 'one address for two machines',
  'address-inside-announced': "a machine's own address inside a prefix that every site attracts",
  'no-router': 'a server without a router of its address family',
  'repeated-uplink': 'one uplink twice',
  'hold-timers': 'hold and keepalive times that RFC 4271 does not allow',
  'speaker-keepalive': "a keepalive time that a server's speaker does not keep",
  'mixed-sessions': 'iBGP towards one router of a site and eBGP towards another',
  'ttl-security': 'GTSM where TTL 255 is not sent',
  multihop: 'a session beyond the link that is internal, or that GTSM ties to it',
  upstream: 'an upstream without an address, or of the AS of its router',
  'router-id': 'a router with upstreams and no IPv4 address for its router id',
  'remote-inside-announced': 'a tunnel whose packets would come back to us',
  'remote-is-ours': 'a tunnel that ends at a machine of ours',
  'repeated-remote': 'two tunnels that the outer header cannot tell apart',
  'inner-network': 'no two-ended link inside the tunnel',
  'inner-overlap': 'two tunnels of one customer with the same inner addresses',
  mtu: 'a tunnel MTU that cannot work',
  'unknown-tunnel': 'a route to a tunnel that is not there',
  'unknown-scope': 'a site or region of a route that is not there',
  'route-outside': "a route for addresses that are not the customer's",
  'repeated-route': 'one route twice',
  'no-route': 'a prefix is announced and nothing says where its packets go',
  'firewall-family': 'IPv4 and IPv6 in one rule',
  'firewall-ports': 'ports of a protocol that has none',
  'check-timeout': 'a check that would begin again before it has ended',
  'check-family': 'a check in an address family that does not fit, or that a server lacks',
  'check-way': 'a check that cannot leave the way it is told to',
  'check-prefix': "a check for prefixes that are not the customer's",
  'unknown-router': 'a check of a router that is not there',
  mark: 'mark and mask that do not fit each other',
  table: "one of the kernel's own routing tables",
  protocol: 'the route protocol number of someone else',
  'routeless-site': 'warning: a site that will not announce a prefix, because no route counts there',
  'unused-tunnel': 'warning: no route uses the tunnel',
  'hold-zero': 'warning: a dead router is never noticed',
  'server-without-v6': 'warning: IPv6 prefixes that this server cannot announce',
} as const;

export type IssueCode = keyof typeof ISSUES;

/** One problem and its place. */
export interface Issue {
  readonly code: IssueCode;
  /** The file. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** What is wrong. */
  readonly message: string;
  /** What to write instead. */
  readonly remedy: string;
}

/** Text from a file can hold anything; a terminal shall not be steered by it, and an issue is one line. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');

/** `fleet.yaml:12:9: what is wrong; what to write instead`, always one line. */
export const formatIssue = (issue: Issue): string =>
  oneLine(`${issue.path}:${issue.line}:${issue.column}: ${issue.message}; ${issue.remedy}`);

/** By file, line, column: the order in which an editor walks through them. */
export function compareIssues(a: Issue, b: Issue): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}
