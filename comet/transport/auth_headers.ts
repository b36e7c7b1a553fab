import { Buffer } from "node:buffer";
import type { HttpFields } from "../../protocol/http/head.ts";
import { HttpError } from "../../protocol/http/status.ts";

/** Headers that may be named. */
export const AUTH_HEADERS_MAX = 16;

/** Bytes of the values that are kept of one upgrade. */
export const AUTH_HEADER_BYTES_MAX = 4 * 1024;

/**
 * Copies the headers of an upgrade that an auth is to be asked with.
 *
 * @param names In lowercase; those that did not come are left out.
 * @returns Their values, a character per byte; null where there are none.
 * @throws {HttpError} 431 when they are too long.
 */
export function authHeaders(
  fields: HttpFields,
  names: readonly string[],
): Readonly<Record<string, string>> | null {
  const found: [string, string][] = [];
  let bytes = 0;
  for (const name of names) {
    const values = fields.get(name);
    if (values === undefined) continue;
    // RFC 9110 section 5.3, and RFC 9113 section 8.2.3 for cookies.
    const value = values.join(name === "cookie" ? "; " : ", ");
    bytes += value.length;
    // A copy: part of a string would keep the whole head in memory.
    found.push([name, Buffer.from(value, "latin1").toString("latin1")]);
  }
  if (bytes > AUTH_HEADER_BYTES_MAX) {
    throw new HttpError(
      431,
      `${found.map(([name]) => name).join(", ")} must be at most ${AUTH_HEADER_BYTES_MAX} bytes`,
    );
  }
  return found.length === 0 ? null : Object.fromEntries(found);
}
