import { isIP } from "node:net";

/** IPv4 in its IPv6 form, as URLs have it. */
const MAPPED = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/;

/**
 * An IP address in the one form in which it is counted and compared: IPv6 as RFC 5952 writes it,
 * and IPv4 in its IPv6 form, `::ffff:10.1.2.3`, as IPv4.
 *
 * @returns Nothing for what is no IP address, or has a zone.
 */
export function canonicalAddress(text: string): string | undefined {
  const version = isIP(text);
  if (version === 4) return text;
  if (version === 0 || text.includes("%")) return undefined;
  const address = new URL(`http://[${text}]`).hostname.slice(1, -1);
  const [, high, low] = MAPPED.exec(address) ?? [];
  if (high === undefined) return address;
  const bytes = [high, low].map((digits) => parseInt(digits, 16));
  return bytes.flatMap((word) => [word >> 8, word & 0xff]).join(".");
}
