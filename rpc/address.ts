import type { Address } from "../platform/port.ts";

/** Whether only this machine reaches an address: a loopback one, or a unix socket. */
export function isLocal({ hostname }: Address): boolean {
  return hostname.startsWith("unix:") || hostname === "localhost" || hostname === "::1" ||
    /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** An address as people write it. */
export function addressText({ hostname, port }: Address): string {
  if (hostname.startsWith("unix:")) return hostname;
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
