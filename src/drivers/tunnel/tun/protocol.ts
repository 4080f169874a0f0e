/**
 * What the tun driver and tund say to each other: one JSON text a line over a
 * unix socket, one request and one answer a connection.
 */
import { z } from 'zod';
import { familyOf, parseAddress, type Address } from '../../../model/address.js';

const v4 = z.string().transform((text, context): Address => {
  const parsed = parseAddress(text);
  if (parsed !== undefined && familyOf(parsed) === 4) return parsed;
  context.addIssue({ code: 'custom', message: 'not an IPv4 address' });
  return z.NEVER;
});

/** A tunnel by its name in a namespace. */
const label = { netns: z.string().min(1), name: z.string().min(1).max(15) };
const ends = { local: v4, remote: v4, key: z.int().min(0).max(0xffffffff).exactOptional() };

const step = z.discriminatedUnion('do', [
  /** A fresh device, down, in tund's own namespace; one that already had the label is closed first. */
  z.strictObject({ do: z.literal('open'), ...label, ...ends }),
  /** Other ends for the device that has the label. */
  z.strictObject({ do: z.literal('retarget'), ...label, ...ends }),
  /** Closes the device that has the label; none is fine. */
  z.strictObject({ do: z.literal('close'), ...label }),
]);

export const request = z.discriminatedUnion('ask', [
  z.strictObject({ ask: z.literal('list') }),
  /** In order; stops at the first that fails. */
  z.strictObject({ ask: z.literal('apply'), steps: z.array(step) }),
]);

const count = z.int().min(0);

const held = z.strictObject({
  id: z.string(),
  ...label,
  ...ends,
  counters: z.strictObject({ received: count, sent: count, sendErrors: count, deviceErrors: count }),
});

const opened = z.strictObject({ id: z.string(), ...label, device: z.string() });

export const answer = z.discriminatedUnion('answer', [
  /** `refused`: packets that belonged to no tunnel, by cause. */
  z.strictObject({ answer: z.literal('list'), tunnels: z.array(held), refused: z.record(z.string(), count) }),
  z.strictObject({ answer: z.literal('applied'), opened: z.array(opened) }),
  z.strictObject({ answer: z.literal('failed'), message: z.string() }),
]);

export type Step = z.output<typeof step>;
export type Request = z.output<typeof request>;
export type HeldTunnel = z.output<typeof held>;
export type OpenedTunnel = z.output<typeof opened>;
export type Answer = z.output<typeof answer>;

/** 10,000 tunnels are 2 MiB. */
export const LINE_LIMIT_BYTES = 16 * 1024 * 1024;

/** Alias of a device in its customer's namespace: by it the device and the descriptor in tund know each other. */
export const deviceAlias = (id: string): string => `culvert-tun:${id}`;
