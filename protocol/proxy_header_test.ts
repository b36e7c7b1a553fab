import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { randomBelow, seededPrng } from "../base/prng.ts";
import { assertRefuses, hex, LentBuffers, utf8 } from "../tests/support/protocol.ts";
import {
  addition,
  IPV4_ADDRESSES,
  IPV6_ADDRESSES,
  proxyBlock,
  proxyLine,
  SIGNATURE,
  withChecksum,
} from "../tests/support/proxy_headers.ts";
import { CloseCodes, ProtocolError } from "./close_codes.ts";
import { concatFrames } from "./frame.ts";
import { Limits } from "./limits.ts";
import { ProxyHeaderReader } from "./proxy_header.ts";

const NO_SUM = new Uint8Array(4);
const LONGEST_LINE = `PROXY UNKNOWN ${"f".repeat(107 - 16)}`;

/** Headers, and whose connection they say it is. */
const HEADERS: readonly [what: string, header: Uint8Array, address: string | undefined][] = [
  ["v1 TCP4", proxyLine("PROXY TCP4 203.0.113.5 10.0.0.1 4711 3101"), "203.0.113.5"],
  ["v1 TCP4, ports at their ends", proxyLine("PROXY TCP4 0.0.0.0 10.0.0.1 0 65535"), "0.0.0.0"],
  ["v1 TCP6", proxyLine("PROXY TCP6 2001:DB8:0::5 ::1 4711 3101"), "2001:db8::5"],
  ["v1 TCP6 of IPv4", proxyLine("PROXY TCP6 ::ffff:203.0.113.5 ::1 1 2"), "203.0.113.5"],
  ["v1 UNKNOWN", proxyLine("PROXY UNKNOWN"), undefined],
  ["v1 UNKNOWN with more", proxyLine("PROXY UNKNOWN x\0y 10.0.0.1"), undefined],
  ["v1 of 107 bytes", proxyLine(LONGEST_LINE), undefined],
  ["v2 IPv4", proxyBlock(0x21, 0x11, IPV4_ADDRESSES), "203.0.113.5"],
  ["v2 IPv4 of datagrams", proxyBlock(0x21, 0x12, IPV4_ADDRESSES), "203.0.113.5"],
  ["v2 IPv6", proxyBlock(0x21, 0x21, IPV6_ADDRESSES), "2001:db8::5"],
  [
    "v2 IPv4 as IPv6",
    proxyBlock(0x21, 0x21, hex("00000000000000000000ffffcb007105"), new Uint8Array(20)),
    "203.0.113.5",
  ],
  ["v2 unix", proxyBlock(0x21, 0x31, new Uint8Array(216)), undefined],
  ["v2 LOCAL", proxyBlock(0x20, 0x00), undefined],
  ["v2 LOCAL with addresses", proxyBlock(0x20, 0x11, IPV4_ADDRESSES), undefined],
  ["v2 LOCAL with part of them", proxyBlock(0x20, 0x21, hex("0102")), undefined],
  ["v2 UNSPEC", proxyBlock(0x21, 0x00), undefined],
  ["v2 UNSPEC with whatever", proxyBlock(0x21, 0x00, hex("ffffffffff")), undefined],
  ["v2 without a transport", proxyBlock(0x21, 0x10, IPV4_ADDRESSES), undefined],
  [
    "v2 with additions",
    proxyBlock(0x21, 0x11, IPV4_ADDRESSES, addition(4, utf8("")), addition(2, utf8("a.example"))),
    "203.0.113.5",
  ],
  [
    "v2 with a checksum",
    withChecksum(
      proxyBlock(0x21, 0x21, IPV6_ADDRESSES, addition(5, utf8("id")), addition(3, NO_SUM)),
    ),
    "2001:db8::5",
  ],
  ["v2 LOCAL with a checksum", withChecksum(proxyBlock(0x20, 0, addition(3, NO_SUM))), undefined],
  [
    "v2 of the most bytes",
    proxyBlock(
      0x21,
      0x11,
      IPV4_ADDRESSES,
      addition(4, new Uint8Array(Limits.proxyHeaderBytesMax - 31)),
    ),
    "203.0.113.5",
  ],
];

const REFUSED: readonly [what: string, bytes: Uint8Array, why: RegExp][] = [
  ["what is none", utf8("GET /sub HTTP/1.1\r\n"), /must begin with one/],
  ["a frame of goim", hex("00000010 0010 0001 00000007 00000001"), /must begin with one/],
  ["lower case", proxyLine("proxy TCP4 1.2.3.4 1.2.3.4 1 2"), /must begin with one/],
  ["no family", proxyLine("PROXY 1.2.3.4 1.2.3.4 1 2"), /as specified/],
  ["two spaces", proxyLine("PROXY TCP4  1.2.3.4 1.2.3.4 1 2"), /as specified/],
  ["a space at the end", proxyLine("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 "), /as specified/],
  ["a port with a zero before", proxyLine("PROXY TCP4 1.2.3.4 1.2.3.4 01 2"), /as specified/],
  ["a port too high", proxyLine("PROXY TCP4 1.2.3.4 1.2.3.4 1 65536"), /at most 65535/],
  ["an address with a zero before", proxyLine("PROXY TCP4 1.2.3.04 1.2.3.4 1 2"), /of TCP4/],
  ["IPv6 as TCP4", proxyLine("PROXY TCP4 ::1 ::1 1 2"), /of TCP4/],
  ["IPv4 as TCP6", proxyLine("PROXY TCP6 1.2.3.4 1.2.3.4 1 2"), /of TCP6/],
  ["addresses of two families", proxyLine("PROXY TCP4 1.2.3.4 ::1 1 2"), /of TCP4/],
  ["a zone", proxyLine("PROXY TCP6 fe80::1%1 ::1 1 2"), /as specified/],
  ["LF alone", utf8(`PROXY UNKNOWN\nPROXY UNKNOWN\r\n`), /as specified/],
  ["CR alone", utf8(`PROXY UNKNOWN \rx\r\n`), /as specified/],
  ["UNKNOWNs", proxyLine("PROXY UNKNOWNs"), /as specified/],
  ["a line of 108 bytes", proxyLine(`${LONGEST_LINE}f`), /at most 107 bytes/],
  ["a line without an end", utf8("PROXY ".padEnd(4096, "f")), /at most 107 bytes/],
  ["another version", proxyBlock(0x11, 0x11, IPV4_ADDRESSES), /must be 2, is 1/],
  ["another command", proxyBlock(0x22, 0x11, IPV4_ADDRESSES), /must be 0 or 1, is 2/],
  ["another family", proxyBlock(0x21, 0x41, IPV4_ADDRESSES), /must be 0 to 3, is 4/],
  ["another transport", proxyBlock(0x21, 0x13, IPV4_ADDRESSES), /must be 0 to 2, is 3/],
  ["half an IPv4 address", proxyBlock(0x21, 0x11, hex("cb007105")), /too short/],
  ["IPv4 as IPv6", proxyBlock(0x21, 0x21, IPV4_ADDRESSES), /too short/],
  ["half a unix address", proxyBlock(0x21, 0x31, new Uint8Array(108)), /too short/],
  ["half an addition", proxyBlock(0x21, 0x11, IPV4_ADDRESSES, hex("0400")), /must end with it/],
  ["too long an addition", proxyBlock(0x21, 0x11, IPV4_ADDRESSES, hex("04000200")), /must end/],
  ["a wrong checksum", proxyBlock(0x21, 0x11, IPV4_ADDRESSES, addition(3, NO_SUM)), /checksum/],
  ["a short checksum", proxyBlock(0x21, 0x11, IPV4_ADDRESSES, addition(3, hex("00"))), /checksum/],
  ["too long a block", concatFrames([SIGNATURE, hex("2111 ffff")]), /at most 4096 bytes, is 65551/],
];

/** What follows the header. */
const REST = utf8("\r\nPROXY");

/** Pushes chunks until the header is whole, and says how many bytes were its own. */
function read(chunks: Iterable<Uint8Array>): [length: number, address: string | undefined] {
  const buffers = new LentBuffers();
  const reader = new ProxyHeaderReader(buffers);
  let length = 0;
  try {
    for (const chunk of chunks) {
      const taken = reader.push(chunk);
      if (taken > 0) return [length + taken, reader.address];
      assert.equal(reader.address, undefined);
      length += chunk.length;
    }
    return [0, undefined];
  } finally {
    reader.close();
    reader.close();
    assert.equal(buffers.lent.size, 0);
  }
}

describe("ProxyHeaderReader.push()", () => {
  for (const [what, header, address] of HEADERS) {
    const stream = concatFrames([header, REST]);

    it(`reads ${what}, whole and cut at any byte`, () => {
      assert.deepEqual(read([stream]), [header.length, address]);
      assert.deepEqual(read([header]), [header.length, address]);
      for (let cut = 1; cut < Math.min(header.length, 200); cut++) {
        const chunks = [stream.subarray(0, cut), stream.subarray(cut)];
        assert.deepEqual(read(chunks), [header.length, address], `cut at ${cut}`);
      }
      const bytes = Array.from(stream.subarray(0, 300), (_, at) => stream.subarray(at, at + 1));
      assert.deepEqual(read([...bytes, stream.subarray(300)]), [header.length, address]);
      assert.deepEqual(read([header.subarray(0, -1)]), [0, undefined]);
    });
  }

  for (const [what, bytes, why] of REFUSED) {
    it(`refuses ${what}, whole and byte for byte`, () => {
      assertRefuses(() => read([bytes]), CloseCodes.protocolError, why);
      const each = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
      assertRefuses(() => read(each), CloseCodes.protocolError, why);
    });
  }

  it("refuses at the first byte that begins no header", () => {
    for (const header of [utf8("PROXY TCP4"), concatFrames([SIGNATURE, hex("21")])]) {
      for (let at = 0; at < 6; at++) {
        const bytes = header.slice(0, at + 1);
        bytes[at] ^= 0x80;
        assertRefuses(() => read([bytes]), CloseCodes.protocolError, /must begin with one/);
      }
    }
  });

  it("borrows no more than the longest header, whatever comes with its end", () => {
    const buffers = new LentBuffers();
    const reader = new ProxyHeaderReader(buffers);
    const [, header] = HEADERS.at(-1)!;
    assert.equal(reader.push(header.subarray(0, 20)), 0);
    const stream = concatFrames([header.subarray(20), new Uint8Array(1024 * 1024)]);
    assert.equal(reader.push(stream), header.length - 20);
    assert.ok(Math.max(...buffers.sizes) <= Limits.proxyHeaderBytesMax);
    reader.close();
  });

  it("finds the same in every cut of a stream, and nothing else goes wrong (fuzz)", () => {
    const seed = 4_502_026;
    const prng = seededPrng(seed);
    let taken = 0, refused = 0;
    for (let round = 0; round < 20_000; round++) {
      const [, header] = HEADERS[randomBelow(prng, HEADERS.length)];
      const stream = concatFrames([header.subarray(0, 300), REST]);
      for (let count = randomBelow(prng, 3); count > 0; count--) {
        stream[randomBelow(prng, stream.length)] = randomBelow(prng, 256);
      }
      const outcome = (chunks: Iterable<Uint8Array>) => {
        try {
          return read(chunks);
        } catch (error) {
          if (error instanceof ProtocolError) return error.message;
          throw new Error(`Seed ${seed}, round ${round}: ${stream.toHex()}`, { cause: error });
        }
      };
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < stream.length;) {
        const end = at + 1 + randomBelow(prng, 40);
        chunks.push(stream.subarray(at, end));
        at = end;
      }
      const whole = outcome([stream]);
      assert.deepEqual(outcome(chunks), whole, `Seed ${seed}, round ${round}`);
      if (typeof whole === "string") refused++;
      else taken++;
    }
    assert.ok(taken > 2_000 && refused > 2_000, `Seed ${seed}: ${taken} taken, ${refused} refused`);
  });
});
