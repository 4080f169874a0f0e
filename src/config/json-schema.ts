import { z } from 'zod';
import { fleetSchema } from './schema.js';
import type { TreePath } from './wording.js';

/** JSON Schema (draft 2020-12) of the fleet file as it is written: what has a default may be left out. For editors. */
export const fleetJsonSchema = (): object => z.toJSONSchema(fleetSchema, { io: 'input' });

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  /** Told apart by the `const` of one property. */
  readonly oneOf?: readonly SchemaNode[];
  readonly const?: unknown;
}

function below(node: SchemaNode, step: string | number): SchemaNode | undefined {
  if (typeof step === 'number') return node.items;
  if (node.properties) return Object.hasOwn(node.properties, step) ? node.properties[step] : undefined;
  return typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
}

/** Made once, and only for a file that has an unknown key. */
let root: SchemaNode | undefined;

const fits = ({ properties }: SchemaNode, written: unknown): boolean =>
  Object.entries(properties ?? {}).every(
    ([key, node]) => node.const === undefined || node.const === (written as Readonly<Record<string, unknown>>)[key],
  );

/** The keys that the map at `path` may have, given what is written there; none where no map with fixed keys belongs. */
export function knownKeys(path: TreePath, written: unknown): readonly string[] {
  root ??= fleetJsonSchema();
  let nodes: readonly SchemaNode[] = [root];
  const alternativesOf = (node: SchemaNode): readonly SchemaNode[] =>
    (node.anyOf ?? node.oneOf)?.flatMap(alternativesOf) ?? [node];
  for (const step of path) {
    nodes = nodes.flatMap(alternativesOf).flatMap((node) => below(node, step) ?? []);
  }
  const meant = nodes.flatMap(alternativesOf).filter((node) => fits(node, written));
  return meant.flatMap((node) => Object.keys(node.properties ?? {}));
}
