import { isIPv6 } from "node:net";
import { hostPort } from "../platform/faults.ts";
import type { Address } from "../platform/port.ts";

/**
 * Reads an address.
 *
 * @param text `host:port` with an IP address or a host name; IPv6 in brackets, as in `[::1]:3101`.
 * @returns The address, without brackets, or undefined when `text` is none.
 */
export function parseAddress(text: string): Address | undefined {
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([a-zA-Z0-9._-]+)):(\d{1,5})$/.exec(text);
  if (found === null) return undefined;
  const [, bracketed, bare, digits] = found;
  const port = Number(digits);
  if (port > 65535 || (bracketed !== undefined && !isIPv6(bracketed))) return undefined;
  return { hostname: bracketed ?? bare, port };
}

/**
 * Reads where a role listens for the others.
 *
 * @param text As for {@linkcode parseAddress}, or `unix:` and the path of a socket.
 */
export function parseRpcAddress(text: string): Address | undefined {
  return /^unix:\/./.test(text) ? { hostname: text, port: 0 } : parseAddress(text);
}

/** Writes an address as {@linkcode parseAddress} reads it. */
export const formatAddress: (address: Address) => string = hostPort;

/** Whether the host stands for every address of the machine. */
export function isWildcard(hostname: string): boolean {
  return hostname === "0.0.0.0" || hostname === "::";
}
