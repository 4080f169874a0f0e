/** From zod's issues and our own findings to problems with a place in the file. */
import type { z } from 'zod';
import type { SourceFile } from '../config/document.js';
import { locate, type Target } from '../config/place.js';
import { dotted, nearest, type TreePath } from '../config/wording.js';
import type { TopologyIssue } from './topology.js';

export class Problems {
  readonly #source: SourceFile;
  readonly #found: TopologyIssue[] = [];

  constructor(source: SourceFile) {
    this.#source = source;
  }

  add(path: TreePath, message: string, remedy: string, target: Target = 'value'): void {
    this.#found.push({ ...locate(this.#source, path, target), message, remedy });
  }

  /** `at` is where the value that zod looked at stands. */
  addZod(issues: readonly z.core.$ZodIssue[], at: TreePath = [], known: readonly string[] = []): void {
    for (const issue of issues) {
      const path = [...at, ...issue.path.filter((step) => typeof step !== 'symbol')];
      if (issue.code === 'unrecognized_keys') {
        for (const key of issue.keys) this.#unknownKey([...path, key], key, known);
      } else {
        this.add(path, `${dotted(path) || 'the file'}: ${issue.message}`, 'write it as in the containerlab manual');
      }
    }
  }

  #unknownKey(path: TreePath, key: string, known: readonly string[]): void {
    const meant = nearest(key, known);
    const remedy = meant === undefined ? 'remove it; labels are the place for keys of your own' : `write ${meant}`;
    this.add(path, `${dotted(path)} is no key of a containerlab topology`, remedy, 'key');
  }

  /** In the order of the file. */
  all(): readonly TopologyIssue[] {
    return this.#found.toSorted((a, b) => a.line - b.line || a.column - b.column);
  }
}
