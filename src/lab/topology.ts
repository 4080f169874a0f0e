/** A lab as its file describes it: every node resolved, every path absolute. */
export interface Topology {
  readonly name: string;
  /** The topology file, absolute. */
  readonly path: string;
  readonly nodes: readonly LabNode[];
  readonly links: readonly LabLink[];
  /** What the file asks for and this machine does not imitate: one sentence each, for people. */
  readonly notEmulated: readonly string[];
}

export interface LabNode {
  readonly name: string;
  readonly kind: string;
  readonly image: string | undefined;
  readonly binds: readonly Bind[];
  /** Run one after the other once the links are there; split into words, never seen by a shell. */
  readonly exec: readonly Words[];
  /** The main process as the file gives it: `entrypoint` and `cmd`. Without both, the image's profile decides. */
  readonly command: Words | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly sysctls: Readonly<Record<string, string>>;
}

/** A program and its arguments. */
export type Words = readonly [string, ...string[]];

export interface Bind {
  /** On this machine, absolute. */
  readonly source: string;
  /** In the node, absolute. */
  readonly target: string;
  readonly readOnly: boolean;
}

/** A veth pair between two nodes. */
export interface LabLink {
  readonly ends: readonly [LinkEnd, LinkEnd];
  readonly mtu: number;
}

export interface LinkEnd {
  readonly node: string;
  readonly device: string;
  readonly mac: string | undefined;
}

/** One problem of a topology file and its place; lines and columns count from 1. */
export interface TopologyIssue {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly remedy: string;
}

/** `acme.clab.yml:12:9: what is wrong; what to write instead`. */
export const formatTopologyIssue = (issue: TopologyIssue): string =>
  `${issue.path}:${issue.line}:${issue.column}: ${issue.message}; ${issue.remedy}`.replace(/\s+/gu, ' ');
