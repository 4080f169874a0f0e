/** The scalars of checks: targets, URLs, host names, commands. */
import { z } from 'zod';
import { parseAddress } from '../model/address.js';
import type { CheckAddress } from '../model/check.js';
import { refuse } from './values.js';
import { shown } from './wording.js';

const ADDRESS_REMEDY = 'write an address such as 198.51.100.66, or self';
const URL_REMEDY = 'write a URL such as "http://self:8080/health"';
const HOST_REMEDY = 'write a name such as www.example.com';
const COMMAND_REMEDY = 'write a list that begins with an absolute path, such as [/usr/local/sbin/check, --quick]';

/** `undefined` for what is neither an address nor one of the two words. */
const parseCheckAddress = (text: string): CheckAddress | undefined =>
  text === 'self' || text === 'self6' ? text : parseAddress(text);

/** An address of either family, or a server's own. */
export const checkAddress = (description: string) =>
  z
    .string({ error: ADDRESS_REMEDY })
    .meta({ description })
    .transform((text, ctx): CheckAddress => {
      const address = parseCheckAddress(text);
      if (address !== undefined) return address;
      return refuse(ctx, { code: 'not-an-address', what: `${shown(text)} is not an address` }, ADDRESS_REMEDY);
    });

export interface CheckUrl {
  readonly https: boolean;
  readonly target: CheckAddress;
  readonly port: number;
  /** Path and query. */
  readonly path: string;
}

/** Scheme, user information, host, port, path with query, fragment (RFC 3986 3). */
const URL_PATTERN = /^(https?):\/\/(?:([^/?#@]*)@)?(\[[^\]/?#]*\]|[^:/?#]*)(?::(\d{1,5}))?([/?][^#]*)?(#.*)?$/;
/** What may stand in a request line; anything else is written percent-encoded. */
const PATH_PATTERN = /^[\x21-\x7e]*$/;

type UrlProblem = readonly [what: string, remedy: string];

/** Not WHATWG's parser: that takes 010.0.0.1 for 8.0.0.1, and would hide credentials it has dropped. */
function parseUrl(text: string): CheckUrl | UrlProblem {
  const match = URL_PATTERN.exec(text);
  if (!match) return [`${shown(text)} is not an http or https URL`, URL_REMEDY];
  const [, scheme, user, host = '', port, path = '/', fragment] = match;
  if (user !== undefined) return ['the URL holds credentials', 'take them out: a check asks what anybody may ask'];
  if (fragment !== undefined) return [`${shown(fragment)} never reaches a server`, 'take the fragment out'];
  if (!PATH_PATTERN.test(path))
    return [`${shown(path)} is no path and query`, 'write blanks and letters beyond ASCII as %20'];
  const target = parseCheckAddress(host.replace(/^\[(.*)\]$/, '$1'));
  if (target === undefined) {
    return [
      `${shown(host)} is not an address: a check must not hang on DNS`,
      'write the address, and the name as host:',
    ];
  }
  const number = port === undefined ? (scheme === 'https' ? 443 : 80) : Number(port);
  if (number < 1 || number > 65_535) return [`${number} is not a port`, 'write a port from 1 to 65535'];
  return { https: scheme === 'https', target, port: number, path: path.startsWith('/') ? path : `/${path}` };
}

export const checkUrl = (description: string) =>
  z
    .string({ error: URL_REMEDY })
    .meta({ description, pattern: '^https?://' })
    .transform((text, ctx): CheckUrl => {
      const url = parseUrl(text);
      return 'target' in url ? url : refuse(ctx, { code: 'not-a-url', what: url[0] }, url[1]);
    });

/** A host name with or without a port (RFC 9110 7.2): nothing that could begin a line of its own. */
export const hostField = (description: string) =>
  z
    .string({ error: HOST_REMEDY })
    .regex(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[0-9]{1,5})?$/, { error: HOST_REMEDY })
    .meta({ description });

const argument = z
  .string({ error: 'write text, in quotes' })
  .regex(/^[^\0]{0,4096}$/, { error: 'write at most 4096 characters' })
  .meta({ description: 'One argument.' });

export const command = (description: string) =>
  z
    .array(argument, { error: COMMAND_REMEDY })
    .min(1, { error: COMMAND_REMEDY })
    .meta({ description })
    .transform((words, ctx): [string, ...string[]] => {
      const [program = '', ...rest] = words;
      if (program.startsWith('/')) return [program, ...rest];
      const what = `${shown(program)} is not an absolute path`;
      return refuse(
        ctx,
        { code: 'not-a-command', what },
        'write where the program lies, such as /usr/local/sbin/check',
      );
    });
