import { isLoopback, isSameHost, originHostname } from "./host.ts";

/**
 * Which web pages may connect: those of the origins in a list, where `*` stands for all, or those of
 * this machine. Clients that are no browsers send no origin and may always connect.
 */
export type Origins = readonly string[] | "local";

/**
 * Makes the check of an upgrade's origin.
 *
 * @returns Whether a client with these Host and Origin fields may connect; the origin is empty where
 * the client sent none.
 */
export function originCheck(origins: Origins): (host: string, origin: string) => boolean {
  if (origins === "local") return isLocal;
  if (origins.includes("*")) return () => true;
  const allowed = new Set(origins.map(asBrowsersSend));
  return (_, origin) => origin === "" || allowed.has(origin.toLowerCase());
}

/**
 * An origin as people write it, in the form that browsers give it: without the port that its scheme
 * has anyhow, and with international names in ASCII. URL knows no origins of apps' own schemes.
 */
function asBrowsersSend(origin: string): string {
  const url = URL.parse(origin);
  return url === null || url.origin === "null" ? origin.toLowerCase() : url.origin;
}

/**
 * Any page of this machine, since a page under development has a server of its own. A page of the
 * host that is asked only where a proxy ended TLS: over http a name that any site has pointed at
 * 127.0.0.1 (DNS rebinding) would pass for that.
 */
function isLocal(host: string, origin: string): boolean {
  if (origin === "" || isLoopback(originHostname(origin) ?? "")) return true;
  return origin.startsWith("https:") && isSameHost(origin, host);
}
