/** Bytes of the UTF-8 form of a string; a lone surrogate counts three, as its replacement would. */
export function utf8Length(value: string): number {
  let length = value.length;
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if (code < 0x80) continue;
    if (code < 0x800) {
      length += 1;
      continue;
    }
    length += 2;
    if (code >= 0xd800 && code <= 0xdbff) {
      const next = value.charCodeAt(index + 1);
      if (next >= 0xdc00 && next <= 0xdfff) index++;
    }
  }
  return length;
}

/**
 * Whether the bytes are well-formed UTF-8 (Unicode table 3-7: no surrogates, no overlong forms, nothing
 * above U+10FFFF). U+0000 counts as text: this is for payloads that declare themselves UTF-8, and the
 * ban on U+0000 is for strings only. Allocates nothing.
 */
export function isValidUtf8(bytes: Uint8Array): boolean {
  const end = bytes.length;
  let at = 0;
  while (at < end) {
    const lead = bytes[at++] ?? 0;
    if (lead < 0x80) continue;
    const trailing = trailingBytes(lead);
    if (trailing === 0 || at + trailing > end) return false;
    const second = bytes[at++] ?? 0;
    if (second < lowestSecond(lead) || second > highestSecond(lead)) return false;
    for (let count = 1; count < trailing; count++) {
      if (((bytes[at++] ?? 0) & 0xc0) !== 0x80) return false;
    }
  }
  return true;
}

function trailingBytes(lead: number): number {
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 1;
  if (lead < 0xf0) return 2;
  return lead < 0xf5 ? 3 : 0;
}

/** E0 and F0 would be overlong below these. */
function lowestSecond(lead: number): number {
  if (lead === 0xe0) return 0xa0;
  return lead === 0xf0 ? 0x90 : 0x80;
}

/** ED would be a surrogate, F4 above U+10FFFF, beyond these. */
function highestSecond(lead: number): number {
  if (lead === 0xed) return 0x9f;
  return lead === 0xf4 ? 0x8f : 0xbf;
}
