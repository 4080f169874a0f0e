/** Steady small traffic of a site's user to Acme, so that a fault has something to hurt. */
import { ACME, PORT, type SiteNodes } from './acme.js';
import type { SendOptions } from '../traffic/send.js';
import { expect, type Field } from './field.js';

const FLOWS = 16;
/** Flows that begin meanwhile are spread by what routers know then; the others stay where they are. */
const RENEWED = 4;

const steady = (packetsPerSecond: number): Omit<SendOptions, 'signal' | 'packets'> => ({
  ...{ to: ACME.v4, port: PORT, size: 64 },
  ...{ flows: FLOWS, renewed: RENEWED, packetsPerSecond },
});

/** Datagrams per second, at least, of an event that must not lose one; senders stand still now and then. */
const BUSY = 2_000;
const TRIED = 2_500;

/** A second of it after a fault: all of it has to arrive. */
export async function allArrive(field: Field, site: SiteNodes, what: string): Promise<void> {
  const packetsPerSecond = 500;
  await field.receiving(ACME.server, PORT, async (report) => {
    const { sent } = await field.send(site.user, {
      ...steady(packetsPerSecond),
      packets: Math.round(packetsPerSecond / FLOWS),
    });
    const { distinct } = await report();
    field.say(`${what}: ${distinct} of ${sent} datagrams arrived`);
    expect(distinct === sent, `${what}: ${distinct} of ${sent} datagrams arrived`);
  });
}

/** It flows, numbered, while `during` runs, and no number is missing at Acme. */
export async function losesNothing(
  field: Field,
  site: SiteNodes,
  what: string,
  during: () => Promise<void>,
): Promise<void> {
  await field.receiving(ACME.server, PORT, async (report) => {
    const { sent, refused, seconds } = await field.sending(site.user, steady(TRIED), during);
    const { distinct, longestGap } = await report();
    const rate = Math.round(sent / seconds);
    field.say(
      `${what}: ${sent} sent in ${seconds.toFixed(1)} s (${rate}/s), ${distinct} received, longest silence ${longestGap} ms`,
    );
    expect(distinct === sent && refused === 0, `${what} lost ${sent - distinct} of ${sent} datagrams`);
    expect(field.slow || rate >= BUSY, `${what}: only ${rate} datagrams a second were sent`);
  });
}
