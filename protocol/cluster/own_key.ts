import { createHash } from "node:crypto";

/**
 * The key of a connection whose client has none of its own: the same whichever logic is asked, and
 * however often. A version 8 UUID (RFC 9562, section 5.8).
 */
export function ownKeyOf(server: string, connectionId: number): string {
  const bytes = createHash("sha256").update(`${server}/${connectionId}`).digest().subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x80;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
