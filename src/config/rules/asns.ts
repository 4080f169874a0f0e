import { routersOf, serversOf, upstreamsOf } from '../addresses.js';
import type { Rule } from '../judge.js';
import { specialAsn } from '../reserved.js';
import type { TreePath } from '../wording.js';

/**
 * Private numbers are fine where they stay inside (customers, routers,
 * servers, upstreams); the provider's own stands on the Internet.
 */
export const asnRule: Rule = (draft, judge) => {
  const check = (path: TreePath, asn: number, who: string, privateAllowed: boolean): void => {
    const special = specialAsn(asn);
    if (!special) return;
    if (special.kind === 'never') {
      const message = `AS ${asn} of ${who} is not usable (${special.use})`;
      judge.refuse({ code: 'bad-asn', path, message, remedy: `write the AS number of ${who}` });
    } else if (!draft.allowReserved && !(special.kind === 'private' && privateAllowed)) {
      const message = `AS ${asn} of ${who} is ${special.kind} (${special.use})`;
      judge.refuse({
        code: 'reserved-asn',
        path,
        message,
        remedy: 'write a public AS number, or allowReserved: true in a lab',
      });
    }
  };
  if (draft.provider) check(['provider', 'asn'], draft.provider.asn, 'the provider', false);
  for (const { kind, name, path, written } of [...routersOf(draft), ...serversOf(draft)]) {
    if (written.asn !== undefined) check([...path, 'asn'], written.asn, `${kind} ${name}`, true);
  }
  for (const { name, path, written } of upstreamsOf(draft)) {
    check([...path, 'asn'], written.asn, `upstream ${name}`, true);
  }
  for (const [name, { asn }] of Object.entries(draft.customers)) check(['customers', name, 'asn'], asn, name, true);
};

/** RFC 4271 9.1.2: a router drops paths that hold its own AS number, so the customer's must not be one of ours. */
export const asnLoopRule: Rule = (draft, judge) => {
  const ours = new Map<number, string>();
  for (const { kind, name, written } of [...routersOf(draft), ...serversOf(draft)]) {
    if (written.asn !== undefined) ours.set(written.asn, `${kind} ${name}`);
  }
  if (draft.provider) ours.set(draft.provider.asn, 'the provider');
  for (const [name, { asn }] of Object.entries(draft.customers)) {
    const owner = ours.get(asn);
    if (owner === undefined) continue;
    judge.refuse({
      code: 'asn-loop',
      path: ['customers', name, 'asn'],
      message: `AS ${asn} of ${name} is also that of ${owner}: routers would drop the customer's routes as loops`,
      remedy: `write the AS number of ${name}`,
    });
  }
};
