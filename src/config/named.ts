/** What bears a name of the operator's choice. */
import { z } from 'zod';

/** Names of sites, servers, routers, customers, tunnels, firewall rules and checks. A DNS label (RFC 1123): names appear in host names and namespaces. */
export const NAME_PATTERN = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Rejected names are reported by `rules/names.ts`, so that what stands below them is still checked. */
export const named = <S extends z.ZodType>(entry: S, description: string) =>
  z
    .record(z.string().meta({ pattern: NAME_PATTERN.source }), entry, {
      error: 'write names with their settings below it',
    })
    .meta({ description });
