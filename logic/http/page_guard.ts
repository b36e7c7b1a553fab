import { isIP } from "node:net";
import { excerpt } from "../../protocol/excerpt.ts";
import { hostnameOf, isLoopback, isSameHost } from "../../protocol/host.ts";

/**
 * Which Host fields are answered beside those of loopback: the names and addresses in a list, where
 * `*` stands for all; or any IP address, which unlike a name cannot be made to point here by others.
 */
export type Hosts = readonly string[] | "addresses";

/**
 * Makes the check that keeps web pages of other sites out: whoever opens one must not push by it.
 * A page shows itself by the site that its browser names, or, when the page's own name was made to
 * point at this server (DNS rebinding), by the Host. Callers that are no browsers send neither
 * Origin nor Sec-Fetch-Site.
 *
 * @param mayAsk Tells what a page of another site may ask all the same, by its request.
 * @returns Why a request must be refused, or undefined when it may pass.
 */
export function pageGuard(
  hosts: Hosts,
  mayAsk: (request: Request) => boolean = () => false,
): (request: Request) => string | undefined {
  const isAllowed = hostGuard(hosts);
  return (request) => {
    const { headers } = request;
    const host = headers.get("host") ?? "";
    if (!isAllowed(headers)) {
      return `Host is "${excerpt(host)}", which the option hosts does not allow`;
    }
    const origin = headers.get("origin");
    if (origin !== null && mayAsk(request)) return undefined;
    if (origin !== null && !isSameHost(origin, host)) {
      return `a page of another site must not call: Origin is "${excerpt(origin)}"`;
    }
    const site = headers.get("sec-fetch-site");
    if (site !== null && site !== "same-origin" && site !== "none") {
      return `a page of another site must not call: Sec-Fetch-Site is "${excerpt(site)}"`;
    }
    return undefined;
  };
}

/** Tells whether a request is for a host that is answered. */
export function hostGuard(hosts: Hosts): (headers: Headers) => boolean {
  const isAllowed = hostCheck(hosts);
  return (headers) => {
    const host = headers.get("host");
    // HTTP/1.0 may leave the Host out; no browser does.
    return host === null || isAllowed(hostnameOf(host));
  };
}

function hostCheck(hosts: Hosts): (hostname: string | undefined) => boolean {
  if (hosts === "addresses") {
    return (name) => name !== undefined && (isLoopback(name) || isIP(name) !== 0);
  }
  if (hosts.includes("*")) return () => true;
  const allowed = new Set(hosts.map((host) => hostnameOf(isIP(host) === 6 ? `[${host}]` : host)));
  return (name) => name !== undefined && (isLoopback(name) || allowed.has(name));
}
