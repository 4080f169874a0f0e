import { routersOf, serversOf } from '../addresses.js';
import type { Rule } from '../judge.js';

/** ExaBGP sends its keepalives at a third of the hold time, whatever it is asked for. */
export const speakerKeepaliveRule: Rule = (draft, judge) => {
  for (const { site, name, written, path } of routersOf(draft)) {
    const server = serversOf(draft).find((one) => one.site === site && one.written.speaker === 'exabgp');
    const kept = Math.floor(written.hold / 3);
    if (!server || written.keepalive === undefined || written.keepalive === kept) continue;
    judge.refuse({
      code: 'speaker-keepalive',
      path: [...path, 'keepalive'],
      message: `${server.name} speaks through ExaBGP, which cannot keep keepalive ${written.keepalive} of ${name}`,
      remedy: `write ${kept}, a third of the hold time, or leave it out`,
    });
  }
};
