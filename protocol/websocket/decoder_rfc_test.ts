import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { seededPrng } from "../../base/prng.ts";
import { decodePieces } from "../../tests/support/websocket_decoding.ts";
import {
  byteByByte,
  clientFrame,
  hex,
  joined,
  randomSplit,
  utf8,
} from "../../tests/support/websocket_frames.ts";
import { Limits } from "../limits.ts";
import { Opcode } from "./opcode.ts";

const { continuation, text, binary, close, ping, pong } = Opcode;

const part = { isFinal: false };
const bytes = (...values: number[]) => new Uint8Array(values);
const filled = (length: number) => new Uint8Array(length).fill(0x61);
const closeFrame = (code: number, reason = "") =>
  clientFrame(close, joined(bytes(code >> 8, code & 0xff), utf8(reason)));

/** The euro sign, three bytes of UTF-8. */
const EURO = utf8("€");

interface Case {
  readonly name: string;
  readonly input: Uint8Array;
  readonly events?: readonly string[];
  /** Close code of the protocol error. */
  readonly error?: number;
}

const messageCases: Case[] = [
  {
    name: "the masked text of RFC 6455 section 5.7",
    input: bytes(0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58),
    events: [`text ${hex(utf8("Hello"))}`],
  },
  { name: "an empty text", input: clientFrame(text), events: ["text "] },
  { name: "an empty binary message", input: clientFrame(binary), events: ["binary "] },
  ...[1, 2, 3, 4, 5, 125, 126, 127, 255, 256, 257, 258, 259, 260, 4112, 16384].map((length) => ({
    name: `a binary message of ${length} bytes`,
    input: clientFrame(binary, filled(length)),
    events: [`binary ${hex(filled(length))}`],
  })),
  {
    name: "a zero masking key",
    input: clientFrame(binary, bytes(1, 2, 3), { key: [0, 0, 0, 0] }),
    events: ["binary 010203"],
  },
  {
    name: "several frames back to back",
    input: joined(clientFrame(text, utf8("a")), clientFrame(binary, bytes(2)), clientFrame(ping)),
    events: ["text 61", "binary 02", "ping "],
  },
  {
    name: "a message in two fragments",
    input: joined(clientFrame(text, utf8("Hel"), part), clientFrame(continuation, utf8("lo"))),
    events: [`text ${hex(utf8("Hello"))}`],
  },
  {
    name: "a message in many fragments, some empty",
    input: joined(
      clientFrame(binary, bytes(), part),
      clientFrame(continuation, bytes(1), part),
      clientFrame(continuation, bytes(), part),
      clientFrame(continuation, bytes(2, 3), part),
      clientFrame(continuation),
    ),
    events: ["binary 010203"],
  },
  {
    name: "an empty message in empty fragments",
    input: joined(clientFrame(text, bytes(), part), clientFrame(continuation)),
    events: ["text "],
  },
  {
    name: "a fragmented message of exactly the largest size",
    input: joined(
      clientFrame(binary, filled(10_000), part),
      clientFrame(continuation, filled(6384)),
      clientFrame(binary, bytes(1)),
    ),
    events: [`binary ${hex(filled(16384))}`, "binary 01"],
  },
  {
    name: "control frames between fragments",
    input: joined(
      clientFrame(text, utf8("a"), part),
      clientFrame(ping, utf8("p")),
      clientFrame(continuation, utf8("b"), part),
      clientFrame(pong, utf8("q")),
      clientFrame(continuation, utf8("c")),
    ),
    events: ["ping 70", "pong 71", `text ${hex(utf8("abc"))}`],
  },
  {
    name: "a character cut by a fragment",
    input: joined(
      clientFrame(text, EURO.slice(0, 1), part),
      clientFrame(continuation, EURO.slice(1)),
    ),
    events: [`text ${hex(EURO)}`],
  },
  {
    name: "control frames of 125 bytes",
    input: joined(clientFrame(ping, filled(125)), clientFrame(pong, filled(125))),
    events: [`ping ${hex(filled(125))}`, `pong ${hex(filled(125))}`],
  },
  {
    name: "any bytes in a binary message and in a ping",
    input: joined(clientFrame(binary, bytes(0xff, 0xfe)), clientFrame(ping, bytes(0xc0))),
    events: ["binary fffe", "ping c0"],
  },
];

const headerCases: Case[] = [
  ...[1, 2, 3, 4, 5, 6, 7].map((reserved) => ({
    name: `reserved bits of ${reserved}`,
    input: clientFrame(binary, bytes(1), { reserved }),
    error: 1002,
  })),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => ({
    name: `the reserved opcode ${opcode}`,
    input: clientFrame(opcode, bytes(1)),
    error: 1002,
  })),
  ...[text, binary, close, ping, pong].map((opcode) => ({
    name: `an unmasked frame of opcode ${opcode}`,
    input: clientFrame(opcode, bytes(), { key: null }),
    error: 1002,
  })),
  ...[125, 126, 65536].map((length) => ({
    name: `an unmasked frame of ${length} bytes`,
    input: clientFrame(binary, filled(length), { key: null }),
    error: 1002,
  })),
  ...[close, ping, pong].flatMap((opcode) => [
    {
      name: `a fragmented control frame of opcode ${opcode}`,
      input: clientFrame(opcode, bytes(), part),
      error: 1002,
    },
    {
      name: `a control frame of opcode ${opcode} with 126 bytes`,
      input: clientFrame(opcode, filled(126)),
      error: 1002,
    },
    {
      name: `a control frame of opcode ${opcode} with a 64-bit length`,
      input: clientFrame(opcode, bytes(), { declaredBytes: 65536 }),
      error: 1002,
    },
  ]),
  { name: "a continuation of nothing", input: clientFrame(continuation), error: 1002 },
  {
    name: "a continuation after a message in one frame",
    input: joined(clientFrame(text, utf8("a")), clientFrame(continuation, utf8("b"))),
    events: ["text 61"],
    error: 1002,
  },
  ...[text, binary].map((opcode) => ({
    name: `opcode ${opcode} inside a fragmented message`,
    input: joined(clientFrame(text, utf8("a"), part), clientFrame(opcode, utf8("b"))),
    error: 1002,
  })),
  {
    name: "125 bytes with a 16-bit length",
    input: clientFrame(binary, filled(125), { lengthBytes: 3 }),
    error: 1002,
  },
  {
    name: "65535 bytes with a 64-bit length",
    input: clientFrame(binary, bytes(), { lengthBytes: 9, declaredBytes: 65535 }),
    error: 1002,
  },
  {
    name: "a 64-bit length with the top bit set",
    input: bytes(0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1),
    error: 1002,
  },
  {
    name: "the largest 64-bit length",
    input: bytes(0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
    error: 1009,
  },
  {
    name: "a byte too many, from the header alone",
    input: clientFrame(binary, bytes(), { declaredBytes: Limits.messageBytesMax + 1 }),
    error: 1009,
  },
  {
    name: "a byte too many over all fragments, from the header alone",
    input: joined(
      clientFrame(binary, filled(Limits.messageBytesMax - 10), part),
      clientFrame(continuation, bytes(), { declaredBytes: 11 }),
    ),
    error: 1009,
  },
];

const textCases: Case[] = [
  ...Object.entries({
    "a lone continuation byte": [0x80],
    "an overlong slash": [0xc0, 0xaf],
    "a surrogate": [0xed, 0xa0, 0x80],
    "a character above U+10FFFF": [0xf4, 0x90, 0x80, 0x80],
    "a character cut at the end": [0x61, 0xe2, 0x82],
    "the byte FF": [0xff],
  }).flatMap(([name, values]) => [
    { name: `a text with ${name}`, input: clientFrame(text, bytes(...values)), error: 1007 },
    {
      name: `a fragmented text with ${name}`,
      input: joined(
        clientFrame(text, bytes(...values), part),
        clientFrame(continuation, utf8("a")),
      ),
      error: 1007,
    },
    {
      name: `a close reason with ${name}`,
      input: clientFrame(close, bytes(0x03, 0xe8, ...values)),
      error: 1007,
    },
  ]),
  {
    name: "the highest character and a byte order mark",
    input: clientFrame(text, utf8("\u{10ffff}\ufeff")),
    events: [`text ${hex(utf8("\u{10ffff}\ufeff"))}`],
  },
];

const closeCases: Case[] = [
  { name: "a close without a code", input: clientFrame(close), events: ["close 1005 "] },
  { name: "a close with a reason", input: closeFrame(1000, "bye €"), events: ["close 1000 bye €"] },
  {
    name: "a close reason of 123 bytes",
    input: closeFrame(1000, "a".repeat(123)),
    events: [`close 1000 ${"a".repeat(123)}`],
  },
  { name: "a close of one byte", input: clientFrame(close, bytes(3)), error: 1002 },
  {
    name: "frames and rubbish after a close",
    input: joined(closeFrame(1001), clientFrame(text, utf8("a")), filled(50)),
    events: ["close 1001 "],
  },
  {
    name: "a close inside a fragmented message",
    input: joined(clientFrame(text, utf8("a"), part), closeFrame(1001)),
    events: ["close 1001 "],
  },
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000]
    .concat(4999).map((code) => ({
      name: `the close code ${code}`,
      input: closeFrame(code),
      events: [`close ${code} `],
    })),
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535].map((code) => ({
    name: `the close code ${code}`,
    input: closeFrame(code),
    error: 1002,
  })),
];

describe("WebSocketDecoder.push() at every split", () => {
  const prng = seededPrng(6455);
  for (
    const { name, input, events = [], error } of [
      ...messageCases,
      ...headerCases,
      ...textCases,
      ...closeCases,
    ]
  ) {
    test(`${error === undefined ? "takes" : `refuses with ${error}`} ${name}`, () => {
      const expected = { events, error };
      assert.deepEqual(decodePieces([input]), expected, "whole");
      assert.deepEqual(decodePieces(byteByByte(input)), expected, "byte by byte");
      for (let round = 0; round < 20; round++) {
        const pieces = randomSplit(prng, input);
        assert.deepEqual(decodePieces(pieces), expected, `at ${pieces.map((p) => p.length)}`);
      }
    });
  }
});
