import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { SourceFile } from './document.js';
import type { Issue } from './issue.js';
import { formatPlace, keyText, placeOfNode } from './place.js';

/** The fleet file is six levels deep; what is far deeper is a mistake or an attack. */
const DEEPEST = 24;

/**
 * The file's content as maps, lists and scalars.
 *
 * Anchors and aliases work. Reported and left out: the second of two equal
 * keys, keys that are not plain text, `__proto__`, anchors inside themselves
 * and nesting beyond 24 levels.
 */
export function plainTree(source: SourceFile): { readonly tree: unknown; readonly issues: readonly Issue[] } {
  const issues: Issue[] = [];
  const open = new Set<unknown>();
  const done = new Map<unknown, unknown>();

  const report = (code: Issue['code'], node: unknown, message: string, remedy: string): void => {
    issues.push({ code, ...placeOfNode(source, node), message, remedy });
  };

  function visit(node: unknown): unknown {
    if (node === null || node === undefined) return null;
    if (isAlias(node)) {
      const meant = node.resolve(source.document);
      if (meant && !open.has(meant)) return visit(meant);
      report(
        'yaml-unsupported',
        node,
        `the alias *${node.source} stands inside its own anchor or has none`,
        'write the value out',
      );
      return null;
    }
    if (isScalar(node)) return node.value;
    if (done.has(node)) return done.get(node);
    if (open.size >= DEEPEST) {
      report('yaml-unsupported', node, `nested deeper than ${DEEPEST} levels`, 'write it as in the example fleet');
      return null;
    }
    open.add(node);
    const value = isMap(node) ? visitMap(node.items) : isSeq(node) ? node.items.map(visit) : null;
    open.delete(node);
    done.set(node, value);
    return value;
  }

  function visitMap(items: readonly Parameters<typeof keyText>[0][]): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    const keys = new Map<string, unknown>();
    for (const pair of items) {
      const key = keyText(pair);
      const first = key === undefined ? undefined : keys.get(key);
      if (key === undefined || key === '__proto__') {
        report(
          'yaml-unsupported',
          pair.key,
          'a key must be plain text',
          'write a name in front of the colon, and quote texts that hold ": " or begin with [ or {',
        );
      } else if (first !== undefined) {
        const place = formatPlace(placeOfNode(source, first));
        report('duplicate-key', pair.key, `${key} is already written at ${place}`, 'keep one of the two');
      } else {
        keys.set(key, pair.key);
        result[key] = visit(pair.value);
      }
    }
    return result;
  }

  return { tree: visit(source.document.contents), issues };
}
