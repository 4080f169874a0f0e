/** Canonical addresses as numbers, without a detour over their parts: lists of 100,000 prefixes are sorted and compared. */
const [SLASH, DOT, ZERO, NINE, COLON, LOWER_A] = [0x2f, 0x2e, 0x30, 0x39, 0x3a, 0x61];

/** An IPv4 address, or a prefix's, as a number. */
export function networkNumber(text: string): number {
  let [value, octet] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === SLASH) break;
    if (code === DOT) {
      value = value * 256 + octet;
      octet = 0;
    } else {
      octet = octet * 10 + (code - ZERO);
    }
  }
  return value * 256 + octet;
}

/** The eight groups of an IPv6 address, or a prefix's, into `groups`, as numbers. False for text that ends in IPv4. */
export function readGroups(text: string, groups: Uint16Array): boolean {
  let [count, gap, value, digits] = [0, -1, 0, 0];
  const slash = text.indexOf('/');
  const end = slash < 0 ? text.length : slash;
  for (let at = 0; at <= end; at++) {
    const code = text.charCodeAt(at);
    if (code === DOT) return false;
    if (code === COLON || at === end) {
      if (digits > 0) groups[count++] = value;
      if (code === COLON && text.charCodeAt(at + 1) === COLON) gap = count;
      [value, digits] = [0, 0];
    } else {
      value = value * 16 + (code > NINE ? code - LOWER_A + 10 : code - ZERO);
      digits++;
    }
  }
  if (gap >= 0) {
    groups.copyWithin(8 - (count - gap), gap, count);
    groups.fill(0, gap, 8 - (count - gap));
  }
  return true;
}

/**
 * An IPv4 prefix as it is written here, told in one walk over its characters:
 * most prefixes are, and lists of 100,000 arrive by every way.
 */
export function isCanonicalV4(text: string): boolean {
  let [value, octet, dots, at] = [0, -1, 0, 0];
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === SLASH) break;
    if (code === DOT && octet >= 0) {
      dots++;
      value = value * 256 + octet;
      octet = -1;
    } else if (code >= ZERO && code <= NINE && octet !== 0) {
      octet = Math.max(octet, 0) * 10 + (code - ZERO);
      if (octet > 255) return false;
    } else {
      return false;
    }
  }
  if (dots !== 3 || octet < 0) return false;
  const length = lengthBehind(text, at);
  // A shift by 32 is none.
  return length === 32 || (length >= 0 && (value * 256 + octet) << length === 0);
}

/** The length of an IPv4 prefix behind its slash, 0 to 32, in its only spelling; -1 for anything else. */
function lengthBehind(text: string, slash: number): number {
  const digits = text.length - slash - 1;
  const first = text.charCodeAt(slash + 1) - ZERO;
  if (digits === 1) return first >= 0 && first <= 9 ? first : -1;
  const second = text.charCodeAt(slash + 2) - ZERO;
  const isNumber = digits === 2 && first >= 1 && first <= 3 && second >= 0 && second <= 9;
  return isNumber && first * 10 + second <= 32 ? first * 10 + second : -1;
}
