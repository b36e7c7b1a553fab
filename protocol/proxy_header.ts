/**
 * The PROXY protocol, versions 1 and 2, as HAProxy's proxy-protocol.txt has it: what a proxy sends
 * before the bytes of a connection that it passes on, to say whose connection that is.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { BorrowedBytes, type Buffers } from "./buffers.ts";
import { CloseCodes, ProtocolError } from "./close_codes.ts";
import { crc32c } from "./crc32c.ts";
import { readInt32 } from "./frame.ts";
import { canonicalAddress } from "./ip_address.ts";
import { Limits } from "./limits.ts";

/** What was wrong with a header. */
function fault(message: string): ProtocolError {
  return new ProtocolError(CloseCodes.protocolError, `PROXY header: ${message}`);
}

/** Takes the header that a connection begins with, however it is cut. It knows no time. */
export class ProxyHeaderReader {
  /**
   * The client's IP address, once the header has come; nothing where the connection is the proxy's
   * own, as for a health check, or the proxy does not know.
   */
  address: string | undefined;
  private readonly held: BorrowedBytes;

  /** @param buffers Where to borrow memory for a header that comes in parts. */
  constructor(buffers: Buffers) {
    this.held = new BorrowedBytes(buffers);
  }

  /**
   * Takes what has come. A header that lies whole in its chunk is not copied.
   *
   * @param chunk The stream's next bytes.
   * @returns How many of them belong to the header, which is whole then; 0 while it goes on.
   * @throws {ProtocolError} As soon as the bytes begin no header, or one that is too long.
   */
  push(chunk: Uint8Array): number {
    const heldBytes = this.held.length;
    if (heldBytes === 0) {
      const length = this.read(chunk);
      if (length === 0) this.held.append(chunk, 0, chunk.length);
      return length;
    }
    const fitting = Math.min(chunk.length, Limits.proxyHeaderBytesMax - heldBytes);
    this.held.append(chunk, 0, fitting);
    const length = this.read(this.held.bytes);
    return length === 0 ? 0 : length - heldBytes;
  }

  /** Gives back what is borrowed; may be called more than once. */
  close(): void {
    this.held.release();
  }

  /** Reads what has come so far; returns the header's length once it is whole, else 0. */
  private read(bytes: Uint8Array): number {
    if (bytes.length === 0) return 0;
    return bytes[0] === PROXY_WORD[0] ? this.readLine(bytes) : this.readBlock(bytes);
  }

  private readLine(bytes: Uint8Array): number {
    checkStart(bytes, PROXY_WORD);
    const end = Math.min(bytes.length, LINE_BYTES_MAX) - 1;
    for (let at = 0; at < end; at++) {
      if (bytes[at] !== CR || bytes[at + 1] !== LF) continue;
      this.address = addressOfLine(latin1(bytes, 0, at));
      return at + 2;
    }
    if (bytes.length < LINE_BYTES_MAX) return 0;
    throw fault(`a line must be at most ${LINE_BYTES_MAX} bytes, with CRLF`);
  }

  private readBlock(bytes: Uint8Array): number {
    checkStart(bytes, SIGNATURE);
    if (bytes.length > 12) checkVersion(bytes[12]);
    if (bytes.length > 13) checkFamily(bytes[13]);
    if (bytes.length < BLOCK_START) return 0;
    const length = BLOCK_START + readUint16(bytes, 14);
    if (length > Limits.proxyHeaderBytesMax) {
      throw fault(`it must be at most ${Limits.proxyHeaderBytesMax} bytes, is ${length}`);
    }
    if (bytes.length < length) return 0;
    this.address = addressOfBlock(bytes.subarray(0, length));
    return length;
  }
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}

/** Checks as many of the first bytes as have come. */
function checkStart(bytes: Uint8Array, start: Uint8Array): void {
  const end = Math.min(bytes.length, start.length);
  for (let at = 0; at < end; at++) {
    if (bytes[at] !== start[at]) throw fault("the connection must begin with one");
  }
}

// Version 1: one line of text.

const CR = 0x0d, LF = 0x0a;

const PROXY_WORD = new TextEncoder().encode("PROXY ");

/** The longest line that version 1 has, with its CRLF, in bytes. */
const LINE_BYTES_MAX = 107;

/** What stands behind UNKNOWN is ignored, but for a CR or LF that ends no line. */
const UNKNOWN_LINE = /^PROXY UNKNOWN(?: [^\r\n]*)?$/;

const LINE = /^PROXY TCP([46]) ([\da-fA-F:.]+) ([\da-fA-F:.]+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})$/;

function addressOfLine(line: string): string | undefined {
  if (UNKNOWN_LINE.test(line)) return undefined;
  const [, family, source, destination, ...ports] = LINE.exec(line) ?? [];
  if (family === undefined) throw fault("a line must be PROXY TCP4, TCP6 or UNKNOWN, as specified");
  const isOfFamily = (address: string) => address.includes(":") === (family === "6");
  const addresses = [source, destination].map(canonicalAddress);
  if (addresses.includes(undefined) || ![source, destination].every(isOfFamily)) {
    throw fault(`both addresses must be of TCP${family}`);
  }
  if (ports.some((port) => Number(port) > 65_535)) throw fault("ports must be at most 65535");
  return addresses[0];
}

// Version 2: a block of bytes.

const SIGNATURE = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10);

/** Bytes before the addresses: signature, version and command, family and transport, length. */
const BLOCK_START = 16;

/** The command: the connection is the proxy's own, or is passed on. */
const LOCAL = 0, PROXIED = 1;

/** The address family; 0 is none that the proxy knows. */
const IPV4 = 1, IPV6 = 2;

/** Bytes of both addresses and ports, by family: none, IPv4, IPv6, unix sockets. */
const ADDRESS_BYTES = [0, 12, 36, 216];

/** The transport: none that the proxy knows, stream, datagram. */
const TRANSPORT_MAX = 2;

/** Type of what follows the addresses and holds a checksum of the header. */
const CHECKSUM_TYPE = 3;

const NO_CHECKSUM = new Uint8Array(4);

function readUint16(bytes: Uint8Array, offset: number): number {
  return bytes[offset] << 8 | bytes[offset + 1];
}

function checkVersion(byte: number): void {
  if (byte >> 4 !== 2) throw fault(`the version of a block must be 2, is ${byte >> 4}`);
  if ((byte & 15) > PROXIED) throw fault(`the command must be 0 or 1, is ${byte & 15}`);
}

function checkFamily(byte: number): void {
  if (byte >> 4 >= ADDRESS_BYTES.length) throw fault(`the family must be 0 to 3, is ${byte >> 4}`);
  if ((byte & 15) > TRANSPORT_MAX) throw fault(`the transport must be 0 to 2, is ${byte & 15}`);
}

/** Reads a whole block. Where no address is known, what stands behind the first 16 bytes may be anything. */
function addressOfBlock(block: Uint8Array): string | undefined {
  const [family, transport] = [block[13] >> 4, block[13] & 15];
  const isKnown = (block[12] & 15) !== LOCAL && family !== 0 && transport !== 0;
  const end = BLOCK_START + ADDRESS_BYTES[family];
  if (isKnown && block.length < end) throw fault("it is too short for its addresses");
  checkAdditions(block, end, isKnown);
  if (!isKnown) return undefined;
  if (family === IPV4) return block.subarray(BLOCK_START, BLOCK_START + 4).join(".");
  return family === IPV6 ? ipv6(block) : undefined;
}

function ipv6(block: Uint8Array): string {
  const words = Array.from({ length: 8 }, (_, word) => readUint16(block, BLOCK_START + 2 * word));
  return canonicalAddress(words.map((word) => word.toString(16)).join(":"))!;
}

/**
 * Goes through what follows the addresses: each has a type, two bytes of length and a value. Only the
 * checksum means something here.
 *
 * @param isStrict Whether it must be well-formed.
 */
function checkAdditions(block: Uint8Array, start: number, isStrict: boolean): void {
  for (let at = start; at < block.length;) {
    const value = at + 3;
    const end = value > block.length ? value : value + readUint16(block, at + 1);
    if (end > block.length) {
      if (isStrict) throw fault("what follows the addresses must end with it");
      return;
    }
    if (block[at] === CHECKSUM_TYPE && !isChecked(block, value, end)) {
      throw fault("the checksum must be that of the header");
    }
    at = end;
  }
}

/** Whether a checksum is that of the block in which it stands as zeros. */
function isChecked(block: Uint8Array, start: number, end: number): boolean {
  if (end - start !== NO_CHECKSUM.length) return false;
  const before = crc32c(NO_CHECKSUM, crc32c(block.subarray(0, start)));
  return crc32c(block.subarray(end), before) === readInt32(block, start) >>> 0;
}
