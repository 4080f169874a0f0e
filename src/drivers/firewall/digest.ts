import { createHash } from 'node:crypto';
import type { RulesetState } from '../../model/kernel.js';
import { once } from '../../model/once.js';

/** Stands for a text that is long and only ever compared. */
export const digestOf = (text: string): string => createHash('sha256').update(text).digest('base64');

/** Of the text that is wanted in a namespace. */
export const digestOfRuleset = once(({ ruleset }: RulesetState): string => digestOf(ruleset));
