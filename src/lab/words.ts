import type { Words } from './topology.js';

/** Splits a command the way containerlab does: blanks separate, quotes and backslashes protect, and no shell is involved. `undefined` for an open quote or no words at all. */
export function splitWords(command: string): Words | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote: '"' | "'" | undefined;
  for (let i = 0; i < command.length; i++) {
    const c = command.charAt(i);
    if (c === '\\' && quote !== "'") {
      word = (word ?? '') + command.charAt(++i);
    } else if (quote) {
      if (c === quote) quote = undefined;
      else word = (word ?? '') + c;
    } else if (c === '"' || c === "'") {
      quote = c;
      word ??= '';
    } else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + c;
    }
  }
  if (quote) return undefined;
  if (word !== undefined) words.push(word);
  const [program, ...rest] = words;
  return program === undefined ? undefined : [program, ...rest];
}

/** A word that a POSIX shell reads as itself. */
export const shellQuoted = (word: string): string =>
  /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

export const shellLine = (words: readonly string[]): string => words.map(shellQuoted).join(' ');
