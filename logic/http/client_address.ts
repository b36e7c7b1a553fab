import { isIP } from "node:net";
import type { Networks } from "../../protocol/networks.ts";

/**
 * The address of the client that a request is from. What proxies say of it counts as far as one can
 * trust them: X-Forwarded-For is followed from its end, where each proxy has added whom it was asked
 * by, to the first address that is no trusted proxy's; what stands before that, the client may have
 * made up. X-Real-IP counts where there is no X-Forwarded-For.
 *
 * @param peer The IP address that the request came from.
 * @param proxies Whose fields count.
 */
export function clientAddress(headers: Headers, peer: string, proxies: Networks): string {
  if (!proxies.has(peer)) return peer;
  const forwarded = headers.get("x-forwarded-for") ?? headers.get("x-real-ip") ?? "";
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
  const address = bracketed ?? bare ?? hop;
  return isIP(address) === 0 ? undefined : address;
}
