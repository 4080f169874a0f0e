import { LineCounter, parseDocument, type Document } from 'yaml';
import type { Issue } from './issue.js';

/** A file as the caller read it. */
export interface FleetFile {
  readonly path: string;
  readonly text: string;
}

/** A file that is YAML; its nodes know their offsets, `lines` turns those into lines and columns. */
export interface SourceFile {
  readonly path: string;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

const REMEDIES: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'write one document per file: remove the second ---',
  TAB_AS_INDENT: 'indent with spaces',
  BAD_INDENT: 'indent the entries of one map or list alike',
  MISSING_CHAR: 'close what was opened: a quote, a bracket or a brace',
  BLOCK_AS_IMPLICIT_KEY: 'write one key per line, and texts with ": " in quotes',
  TAG_RESOLVE_FAILED: 'leave the tag out',
};

const MESSAGES: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'a second YAML document begins here',
};

/**
 * `undefined` when the nesting exhausts the parser's stack. Not `silent`: that
 * level drops a second document without a word.
 */
function parsed(text: string, lineCounter: LineCounter): Document.Parsed | undefined {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: false, logLevel: 'error' });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * Reads one file as YAML 1.2. Tags nobody knows are problems, not warnings.
 * Duplicate keys are left to `plainTree`, which knows both places.
 */
export function readDocument(file: FleetFile): { readonly source: SourceFile; readonly issues: readonly Issue[] } {
  const lines = new LineCounter();
  const document = parsed(file.text, lines);
  if (!document) {
    const message = 'not readable as YAML: nested too deeply';
    const issue: Issue = {
      code: 'yaml-syntax',
      path: file.path,
      line: 1,
      column: 1,
      message,
      remedy: 'write it as in the example fleet',
    };
    return { source: { path: file.path, document: parseDocument(''), lines }, issues: [issue] };
  }
  const issues = [...document.errors, ...document.warnings].map((error): Issue => {
    const { line, col } = lines.linePos(error.pos[0]);
    return {
      code: 'yaml-syntax',
      path: file.path,
      line: Math.max(line, 1),
      column: Math.max(col, 1),
      message: `not readable as YAML: ${MESSAGES[error.code] ?? error.message}`,
      remedy: REMEDIES[error.code] ?? 'correct the YAML here or just before',
    };
  });
  return { source: { path: file.path, document, lines }, issues };
}
