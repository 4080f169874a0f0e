/**
 * The scalars of a fleet file.
 *
 * Convention: the message of every zod issue that arises here is the *remedy*
 * ("write …"); `shape-issues.ts` says what is wrong from the value itself.
 * Custom issues bring `what` and their code along in `params`.
 */
import { z } from 'zod';
import {
  familyOf,
  hostPrefix,
  parseAddress,
  parseInterface,
  parsePrefix,
  type Address,
  type Family,
  type InterfaceAddress,
  type Prefix,
} from '../model/address.js';
import type { PortRange } from '../model/fleet.js';
import { DURATION_PATTERN, formatDuration, parseDuration } from './durations.js';
import type { IssueCode } from './issue.js';
import { parsePercentage, PERCENTAGE_PATTERN } from './percentages.js';
import { shown } from './wording.js';

/** What a custom issue carries besides its message. */
export interface CustomParams {
  readonly code: IssueCode;
  readonly what: string;
  /** What was probably meant: the other checks go on with it. */
  readonly substitute?: unknown;
}

/** Reports a custom issue. */
export function refuse(ctx: z.RefinementCtx, params: CustomParams, remedy: string): never {
  ctx.addIssue({ code: 'custom', message: remedy, params: { ...params } });
  return z.NEVER;
}

const EXAMPLE = {
  address: { 4: '198.51.100.66', 6: '"2001:db8:1::11"' },
  prefix: { 4: '203.0.113.0/24', 6: '"2001:db8:acf::/48"' },
  link: { 4: '10.255.0.0/31', 6: '"fd00::/127"' },
} as const;

/** An address of one family. */
export const addressOf = (family: Family, description: string) => {
  const remedy = `write an IPv${family} address such as ${EXAMPLE.address[family]}`;
  return z
    .string({ error: remedy })
    .meta({ description, format: `ipv${family}` })
    .transform((text, ctx): Address => {
      const address = parseAddress(text);
      if (address && familyOf(address) === family) return address;
      return refuse(ctx, { code: 'not-an-address', what: `${shown(text)} is not an IPv${family} address` }, remedy);
    });
};

/** A prefix without host bits, of one family or of either. */
export const prefixOfFamily = (family: Family | undefined, description: string) => {
  const kind = family ? `an IPv${family} prefix` : 'a prefix';
  const remedy = `write ${kind} such as ${EXAMPLE.prefix[family ?? 4]}`;
  return z
    .string({ error: remedy })
    .meta({ description, pattern: '^[0-9A-Fa-f:.]+/[0-9]{1,3}$' })
    .transform((text, ctx): Prefix => {
      const prefix = parsePrefix(text);
      if (prefix === 'host-bits') {
        const network = parseInterface(text)?.network ?? '';
        const what = `${shown(text)} has bits set after its length`;
        return refuse(ctx, { code: 'host-bits', what, substitute: network }, `write the network, ${network}`);
      }
      if (prefix === 'not-a-prefix' || (family && familyOf(prefix) !== family)) {
        const bare = parseAddress(text);
        const what = `${shown(text)} is not ${kind}`;
        return refuse(
          ctx,
          { code: 'not-a-prefix', what },
          bare ? `write the length too, ${hostPrefix(bare)} for one address` : remedy,
        );
      }
      return prefix;
    });
};

/** An address with the length of its link, host bits welcome. */
export const linkOf = (family: Family, description: string) => {
  const remedy = `write our address and its length, such as ${EXAMPLE.link[family]}`;
  return z
    .string({ error: remedy })
    .meta({ description, pattern: '^[0-9A-Fa-f:.]+/[0-9]{1,3}$' })
    .transform((text, ctx): InterfaceAddress => {
      const link = parseInterface(text);
      if (link && familyOf(link.address) === family) return link;
      return refuse(
        ctx,
        { code: 'not-an-address', what: `${shown(text)} is not an IPv${family} address with a length` },
        remedy,
      );
    });
};

/** A whole number. */
export const whole = (min: number, max: number, description: string) => {
  const remedy = `write a whole number from ${min} to ${max}`;
  return z.int({ error: remedy }).min(min, { error: remedy }).max(max, { error: remedy }).meta({ description });
};

/** 4,294,967,295 is refused with the other unusable numbers, by name. */
export const asn = (description: string) => whole(0, 0xffffffff, description);

/** A duration in milliseconds, both bounds allowed. */
export const duration = (minMs: number, maxMs: number, description: string) => {
  const range = `from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
  const remedy = `write a duration ${range}, such as 200ms, 1s or 2m`;
  return z
    .string({ error: remedy })
    .meta({ description: `${description} ${range}.`, pattern: DURATION_PATTERN.source })
    .transform((text, ctx): number => {
      const ms = parseDuration(text);
      if (ms === undefined)
        return refuse(ctx, { code: 'not-a-duration', what: `${shown(text)} is not a duration` }, remedy);
      if (ms >= minMs && ms <= maxMs) return ms;
      return refuse(ctx, { code: 'out-of-range', what: `${shown(text)} is out of range` }, remedy);
    });
};

/** A share between 0 and 1, written in percent, both bounds allowed. */
export const percentage = (min: number, max: number, description: string) => {
  const remedy = `write a percentage from ${min}% to ${max}%, such as 25% or 0.1%`;
  return z
    .string({ error: remedy })
    .meta({ description: `${description} from ${min}% to ${max}%.`, pattern: PERCENTAGE_PATTERN.source })
    .transform((text, ctx): number => {
      const percent = parsePercentage(text);
      if (percent === undefined)
        return refuse(ctx, { code: 'not-a-percentage', what: `${shown(text)} is not a percentage` }, remedy);
      if (percent >= min && percent <= max) return percent / 100;
      return refuse(ctx, { code: 'out-of-range', what: `${shown(text)} is out of range` }, remedy);
    });
};

/** `a` or `b`; the words stand in the remedy. */
export const words = <const T extends readonly [string, ...string[]]>(allowed: T, description: string) =>
  z.enum(allowed, { error: `write ${allowed.join(' or ')}` }).meta({ description });

export const flag = (description: string) => z.boolean({ error: 'write true or false' }).meta({ description });

const HIGHEST_PORT = 65_535;
const PORT_REMEDY = 'write a port such as 80, or a range such as "8000-8999"';

const portRange = z
  .union([z.int().min(0).max(HIGHEST_PORT), z.string().meta({ pattern: '^[0-9]{1,5}-[0-9]{1,5}$' })], {
    error: PORT_REMEDY,
  })
  .transform((written, ctx): PortRange => {
    if (typeof written === 'number') return [written, written];
    const [from, to, ...rest] = written.split('-').map((text) => (/^\d{1,5}$/.test(text) ? Number(text) : NaN));
    const range: PortRange = [from ?? NaN, to ?? from ?? NaN];
    if (rest.length === 0 && range[0] <= range[1] && range[1] <= HIGHEST_PORT) return range;
    return refuse(ctx, { code: 'not-a-port', what: `${shown(written)} is neither a port nor a range` }, PORT_REMEDY);
  });

/** One of something, or a list of at least one: a list either way. */
const oneOrMore = <S extends z.ZodType>(one: S, description: string, remedy: string) => {
  const alone = one.transform((entry): z.output<S>[] => [entry]);
  const several = z.array(one, { error: remedy }).min(1, { error: remedy });
  return z.union([alone, several], { error: remedy }).meta({ description });
};

export const ports = (description: string) => oneOrMore(portRange, description, PORT_REMEDY);

export const prefixes = (description: string) =>
  oneOrMore(
    prefixOfFamily(undefined, 'A prefix.'),
    description,
    'write a prefix such as 198.51.100.0/24, or a list of them',
  );
