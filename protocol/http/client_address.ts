import { canonicalAddress } from "../ip_address.ts";
import type { Networks } from "../networks.ts";

/**
 * The address of the client that a request is from. What proxies say of it counts as far as one can
 * trust them: X-Forwarded-For is followed from its end, where each proxy has added whom it was asked
 * by, to the first address that is no trusted proxy's; what stands before that, the client may have
 * made up. X-Real-IP counts where there is no X-Forwarded-For.
 *
 * @param field The value of a field of the request, by its lowercase name; several joined by commas.
 * @param peer The IP address that the request came from.
 * @param proxies Whose fields count.
 */
export function clientAddress(
  field: (name: string) => string | null | undefined,
  peer: string,
  proxies: Networks,
): string {
  if (!proxies.has(peer)) return peer;
  const forwarded = field("x-forwarded-for") ?? field("x-real-ip") ?? "";
  let address = peer;
  for (const hop of forwarded.split(",").reverse()) {
    const before = addressOf(hop.trim());
    if (before === undefined) break;
    address = before;
    if (!proxies.has(address)) break;
  }
  return address;
}

/** Some proxies write the port as well. */
function addressOf(hop: string): string | undefined {
  const [, bracketed, bare] = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/.exec(hop) ?? [];
  return canonicalAddress(bracketed ?? bare ?? hop);
}
