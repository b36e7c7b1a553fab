import { getLogger } from "@logtape/logtape";
import { oneLine } from "./faults.ts";
import type { HttpFetch } from "./port.ts";

const log = getLogger(["halley", "platform"]);

/**
 * Calls an HTTP handler; what it throws becomes a plain 500 and one line for the operator.
 *
 * @param remoteAddress The peer's IP address.
 */
export async function answer(
  fetch: HttpFetch,
  request: Request,
  remoteAddress: string,
): Promise<Response> {
  try {
    return await fetch(request, { remoteAddress });
  } catch (error) {
    // The query may hold a key.
    const path = request.url.replace(/^\w+:\/\/[^/]*|\?.*$/g, "");
    const { method } = request;
    log.error("HTTP {method} {path} failed: {reason}", { method, path, reason: oneLine(error) });
    return new Response("Internal Server Error", { status: 500 });
  }
}
