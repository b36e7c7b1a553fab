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
