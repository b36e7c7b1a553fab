import type { Transport } from "./types.ts";

interface ClientAddress {
  readonly transport: Transport;
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/**
 * Reads where clients connect.
 *
 * @param text `tcp://HOST:PORT` or `ws://HOST:PORT`.
 * @returns Undefined when it is neither.
 */
export function parseClientAddress(text: string): ClientAddress | undefined {
  const found = /^(tcp|ws):\/\/(?:\[([\da-fA-F:.]+)\]|([\w.{}-]+)):(\d{1,5})$/.exec(text);
  if (found === null) return undefined;
  const port = Number(found[4]);
  if (port < 1 || port > 65_535) return undefined;
  return { transport: found[1] as Transport, host: found[2] ?? found[3], port };
}
