const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Decodes UTF-8 text exactly: a byte order mark stays.
 *
 * @returns The text, or undefined when `bytes` are not valid UTF-8 (RFC 3629).
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Bytes of the UTF-8 form of a text; a lone surrogate counts as U+FFFD, which it becomes. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else {
      bytes += 2;
      const isPair = unit >= 0xd800 && unit < 0xdc00 && index + 1 < text.length &&
        (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00;
      // Two units, four bytes.
      if (isPair) index++;
    }
  }
  return bytes;
}
