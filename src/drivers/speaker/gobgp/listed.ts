/** What is listed by the 100,000, read from its bytes: `protos/gobgp/messages.proto` has the field numbers. */
import { lengthOf, parsePrefix, type Prefix } from '../../../model/address.js';
import { Fields } from './fields.js';
import type { ListedDestination, ListedPath, ListedSet, WireFamily } from './messages.js';

/** ListPathResponse; `undefined` when there is none in it. */
export function readDestination(message: Buffer): ListedDestination | undefined {
  const response = new Fields(message);
  while (response.next()) if (response.number === 1) return destinationIn(response.within(), message);
  return undefined;
}

function destinationIn(destination: Fields, message: Buffer): ListedDestination {
  const paths: ListedPath[] = [];
  let prefix = '';
  while (destination.next()) {
    if (destination.number === 1) prefix = destination.text();
    else if (destination.number === 2) paths.push(pathIn(destination.within(), message));
  }
  return { prefix, paths };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const NO_BYTES = Buffer.alloc(0);

function pathIn(fields: Fields, message: Buffer): ListedPath {
  const path: Writable<ListedPath> = {
    nlri: NO_BYTES,
    attributes: '',
    family: null,
    source_asn: 0,
    source_id: '',
    neighbor_ip: '',
    identifier: 0,
  };
  let [from, to] = [0, 0];
  while (fields.next()) {
    switch (fields.number) {
      case 1:
        path.nlri = fields.copy();
        break;
      case 9:
        path.family = familyIn(fields.within());
        break;
      case 10:
        path.source_asn = fields.value;
        break;
      case 11:
        path.source_id = fields.text();
        break;
      case 15:
        path.neighbor_ip = fields.text();
        break;
      case 18:
        path.identifier = fields.value;
        break;
      case 21:
        // One stands behind the other.
        if (fields.header !== to) {
          path.attributes += message.toString('latin1', from, to);
          from = fields.header;
        }
        to = fields.end;
        break;
    }
  }
  path.attributes += message.toString('latin1', from, to);
  return path;
}

function familyIn(fields: Fields): WireFamily {
  const family = { afi: 0, safi: 0 };
  while (fields.next()) {
    if (fields.number === 1) family.afi = fields.value;
    else if (fields.number === 2) family.safi = fields.value;
  }
  return family;
}

/** The attributes of a listed path one by one, each as it stands in an UPDATE. */
export function attributesIn({ attributes }: Pick<ListedPath, 'attributes'>): readonly Buffer[] {
  const fields = new Fields(Buffer.from(attributes, 'latin1'));
  const each: Buffer[] = [];
  while (fields.next()) each.push(fields.copy());
  return each;
}

/** ListDefinedSetResponse; `undefined` when there is none in it. */
export function readSet(message: Buffer): ListedSet | undefined {
  const response = new Fields(message);
  while (response.next()) if (response.number === 1) return setIn(response.within());
  return undefined;
}

function setIn(fields: Fields): ListedSet {
  const set = { defined_type: 0, name: '' };
  const prefixes: Prefix[] = [];
  let oddity: string | undefined;
  while (fields.next()) {
    if (fields.number === 1) set.defined_type = fields.value;
    else if (fields.number === 2) set.name = fields.text();
    else if (fields.number === 4) {
      const read = exactPrefixIn(fields.within());
      if ('odd' in read) oddity ??= read.odd;
      else prefixes.push(read.prefix);
    }
  }
  return { ...set, prefixes: oddity ?? prefixes };
}

function exactPrefixIn(fields: Fields): { readonly prefix: Prefix } | { readonly odd: string } {
  let [text, least, most] = ['', 0, 0];
  while (fields.next()) {
    if (fields.number === 1) text = fields.text();
    else if (fields.number === 2) least = fields.value;
    else if (fields.number === 3) most = fields.value;
  }
  const prefix = parsePrefix(text);
  if (prefix === 'not-a-prefix' || prefix === 'host-bits') return { odd: `holds ${text}` };
  const length = lengthOf(prefix);
  return least === length && most === length
    ? { prefix }
    : { odd: `allows lengths ${least} to ${most} inside ${prefix}` };
}
