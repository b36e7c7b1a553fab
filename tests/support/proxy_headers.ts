import { crc32c } from "../../protocol/crc32c.ts";
import { concatFrames } from "../../protocol/frame.ts";
import { hex, utf8 } from "./protocol.ts";

/** What every block of version 2 begins with. */
export const SIGNATURE = hex("0d0a0d0a000d0a515549540a");

/** A line of version 1, with its CRLF. */
export function proxyLine(text: string): Uint8Array {
  return utf8(`${text}\r\n`);
}

/**
 * A block of version 2.
 *
 * @param command The byte of version and command.
 * @param family The byte of family and transport.
 * @param parts What follows its length.
 */
export function proxyBlock(
  command: number,
  family: number,
  ...parts: readonly Uint8Array[]
): Uint8Array {
  const rest = concatFrames(parts);
  const length = [rest.length >> 8, rest.length & 255];
  return concatFrames([SIGNATURE, Uint8Array.of(command, family, ...length), rest]);
}

/** What may follow the addresses of version 2: a type, a length and a value. */
export function addition(type: number, value: Uint8Array): Uint8Array {
  return concatFrames([Uint8Array.of(type, value.length >> 8, value.length & 255), value]);
}

/** Puts the checksum of a block where its last four bytes are. */
export function withChecksum(block: Uint8Array): Uint8Array {
  const copy = block.slice();
  const at = copy.length - 4;
  copy.fill(0, at);
  new DataView(copy.buffer).setUint32(at, crc32c(copy));
  return copy;
}

/** Addresses and ports of version 2: from 203.0.113.5:4711 to 10.0.0.1:3101. */
export const IPV4_ADDRESSES = hex("cb007105 0a000001 1267 0c1d");

/** From 2001:db8::5, port 4711, to 2001:db8::1, port 3101. */
export const IPV6_ADDRESSES = hex(
  "20010db8000000000000000000000005 20010db8000000000000000000000001 1267 0c1d",
);
