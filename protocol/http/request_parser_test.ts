import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  BODY_BYTES_MAX,
  parsePieces,
  parseText,
  request,
} from "../../tests/support/http_requests.ts";
import { latin1 } from "../../tests/support/websocket_upgrades.ts";
import { HttpLimits } from "./limits.ts";

const CHUNKED = ["Host: a", "Transfer-Encoding: chunked"];

const chunked = (body: string) => request("POST /c HTTP/1.1", CHUNKED, body);

/** What it is, what is sent, and the requests that are to come of it. */
const right: readonly [string, string, readonly string[]][] = [
  ["a request without a body", request("GET /a?b=%20c HTTP/1.1"), ["GET /a?b=%20c a "]],
  ["a path as it stands", request("GET /healthz/../x/%2e%2E HTTP/1.1"), [
    "GET /healthz/../x/%2e%2E a ",
  ]],
  ["any method", request("BREW /pot HTTP/1.1"), ["BREW /pot a "]],
  ["a host with a port", request("GET / HTTP/1.1", ["hOST:  [::1]:80 "]), ["GET / [::1]:80 "]],
  ["a target with the same host", request("GET http://A/x HTTP/1.1"), ["GET /x a "]],
  ["a target of nothing but the host", request("GET HTTP://a HTTP/1.1"), ["GET / a "]],
  ["HTTP/1.0 without a host", request("GET / HTTP/1.0", []), ["GET /  "]],
  ["a length", request("POST / HTTP/1.1", ["Host: a", "Content-Length: 3"], "xyz"), [
    "POST / a xyz",
  ]],
  ["a length of nothing", request("POST / HTTP/1.1", ["Host: a", "Content-Length: 0"]), [
    "POST / a ",
  ]],
  [
    "the longest body",
    request(
      "PUT / HTTP/1.1",
      ["Host: a", `Content-Length: ${BODY_BYTES_MAX}`],
      "x".repeat(BODY_BYTES_MAX),
    ),
    [`PUT / a ${"x".repeat(BODY_BYTES_MAX)}`],
  ],
  ["chunks", chunked("3\r\nabc\r\n00a\r\n0123456789\r\n0\r\n\r\n"), ["POST /c a abc0123456789"]],
  ["no chunks", chunked("0\r\n\r\n"), ["POST /c a "]],
  ["a size in capitals", chunked("A\r\n0123456789\r\n0\r\n\r\n"), ["POST /c a 0123456789"]],
  ["extensions", chunked('1;a\r\nx\r\n1 \t; b="c;\xff"\r\ny\r\n0;d=e\r\n\r\n'), ["POST /c a xy"]],
  ["trailers", chunked("1\r\nx\r\n0\r\nHost: b\r\nContent-Length: 9\r\n\r\n"), ["POST /c a x"]],
  [
    "chunked in capitals",
    request("POST / HTTP/1.1", ["Host: a", "Transfer-Encoding: CHUNKED"], "0\r\n\r\n"),
    ["POST / a "],
  ],
  [
    "one request behind another",
    chunked("1\r\nx\r\n0\r\nA: b\r\n\r\n") +
    request("POST / HTTP/1.1", ["Host: a", "Content-Length: 4"], "GET ") +
    request("GET /last HTTP/1.1"),
    ["POST /c a x", "POST / a GET ", "GET /last a "],
  ],
  ["an empty line before each request", `\r\n${request("GET / HTTP/1.1")}`.repeat(2), [
    "GET / a ",
    "GET / a ",
  ]],
];

/** What it is, what is sent, and the status by which it is refused. */
const wrong: readonly [string, string, number][] = [
  ["no request", "\r\n\r\n", 400],
  ["a bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400],
  ["a bare LF at the end of a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400],
  ["a bare CR", request("GET / HTTP/1.1", ["Host: a", "A: b\rc"]), 400],
  ["a NUL", request("GET / HTTP/1.1", ["Host: a", "A: \0"]), 400],
  ["a folded field", request("GET / HTTP/1.1", ["Host: a", "A: b", " c"]), 400],
  ["a blank before a colon", request("GET / HTTP/1.1", ["Host: a", "A : b"]), 400],
  ["a field without a colon", request("GET / HTTP/1.1", ["Host: a", "A"]), 400],
  ["two blanks in the request line", request("GET  / HTTP/1.1"), 400],
  ["a blank in the path", request("GET /a b HTTP/1.1"), 400],
  ["HTTP/0.9", "GET /\r\n\r\n", 400],
  ["HTTP/1.2", request("GET / HTTP/1.2"), 505],
  ["HTTP/2 by prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
  ["no host", request("GET / HTTP/1.1", []), 400],
  ["two hosts", request("GET / HTTP/1.1", ["Host: a", "Host: a"]), 400],
  ["two hosts of HTTP/1.0", request("GET / HTTP/1.0", ["Host: a", "Host: a"]), 400],
  ["an empty host", request("GET / HTTP/1.1", ["Host:"]), 400],
  ["a host with a path", request("GET / HTTP/1.1", ["Host: a/goim/push/all?b=c&"]), 400],
  ["a host with a user", request("GET / HTTP/1.1", ["Host: a@b"]), 400],
  ["a host that decodes to nothing", request("GET / HTTP/1.1", ["Host: a%zz"]), 400],
  ["a host in brackets that is no address", request("GET / HTTP/1.1", ["Host: [:::::]"]), 400],
  ["two hosts in one", request("GET / HTTP/1.1", ["Host: a, b"]), 400],
  ["a target with another host", request("GET http://b/ HTTP/1.1"), 400],
  ["a target of another scheme", request("GET ftp://a/ HTTP/1.1"), 400],
  ["a target with a fragment", request("GET /#a HTTP/1.1"), 400],
  ["no path", request("GET a HTTP/1.1"), 400],
  ["an asterisk", request("OPTIONS * HTTP/1.1"), 400],
  ["a tunnel", request("CONNECT a:80 HTTP/1.1"), 400],
  [
    "two equal lengths",
    request("POST / HTTP/1.1", [
      "Host: a",
      "Content-Length: 1",
      "Content-Length: 1",
    ]),
    400,
  ],
  ["two lengths in one", request("POST / HTTP/1.1", ["Host: a", "Content-Length: 1, 1"]), 400],
  ["a length with a sign", request("POST / HTTP/1.1", ["Host: a", "Content-Length: +1"]), 400],
  ["a length in hexadecimal", request("POST / HTTP/1.1", ["Host: a", "Content-Length: 0x1"]), 400],
  ["an empty length", request("POST / HTTP/1.1", ["Host: a", "Content-Length:"]), 400],
  ["a length and chunks", request("POST / HTTP/1.1", [...CHUNKED, "Content-Length: 5"]), 400],
  ["chunks of HTTP/1.0", request("POST / HTTP/1.0", CHUNKED), 400],
  ["chunks twice", request("POST / HTTP/1.1", [...CHUNKED, "Transfer-Encoding: chunked"]), 501],
  ["another coding", request("POST / HTTP/1.1", ["Host: a", "Transfer-Encoding: gzip"]), 501],
  [
    "chunks of another coding",
    request("POST / HTTP/1.1", [
      "Host: a",
      "Transfer-Encoding: gzip, chunked",
    ]),
    501,
  ],
  ["another expectation", request("POST / HTTP/1.1", ["Host: a", "Expect: cake"]), 417],
  [
    "too long a body",
    request("POST / HTTP/1.1", [
      "Host: a",
      `Content-Length: ${BODY_BYTES_MAX + 1}`,
    ]),
    413,
  ],
  ["too long a chunk", chunked("3e9\r\n"), 413],
  ["too many chunks", chunked("1f4\r\n" + "x".repeat(500) + "\r\n1f5\r\n"), 413],
  ["a chunk without a size", chunked("\r\n"), 400],
  ["a size with a sign", chunked("-1\r\n"), 400],
  ["a size in 0x", chunked("0x1\r\nx\r\n"), 400],
  ["a size of nine digits", chunked("000000001\r\nx\r\n"), 400],
  ["a blank before a size", chunked(" 1\r\nx\r\n"), 400],
  ["a blank behind a size", chunked("1 \r\nx\r\n"), 400],
  ["a size that ends in LF", chunked("1\nx\r\n"), 400],
  ["an extension with a LF", chunked("1;a\nb\r\nx\r\n"), 400],
  ["an extension without end", chunked(`1;${"a".repeat(HttpLimits.chunkLineBytesMax + 1)}`), 400],
  ["a chunk longer than its size", chunked("1\r\nxy\r\n"), 400],
  ["a chunk that ends in LF", chunked("1\r\nx\n"), 400],
  ["trailers that end in LF", chunked("0\r\nA: b\n\r\n"), 400],
  ["trailers that are none", chunked("0\r\nGET / HTTP/1.1\r\n\r\n"), 400],
  ["folded trailers", chunked("0\r\nA: b\r\n c\r\n\r\n"), 400],
  ["too long trailers", chunked(`0\r\nA: ${"b".repeat(HttpLimits.trailerBytesMax)}`), 431],
  [
    "too many fields",
    request("GET / HTTP/1.1", [
      "Host: a",
      ...Array(HttpLimits.fieldsMax).fill("A: b"),
    ]),
    431,
  ],
  ["too many trailers", chunked(`0\r\n${"A: b\r\n".repeat(HttpLimits.fieldsMax + 1)}\r\n`), 431],
];

/** A text of bytes at every split in two, and byte by byte. */
function* splits(text: string): Generator<Uint8Array[]> {
  const bytes = latin1(text);
  for (let at = 0; at <= bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)];
  yield Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
}

describe("RequestParser at every split", () => {
  for (const [what, text, requests] of right) {
    it(`takes ${what}`, () => {
      for (const pieces of splits(text)) {
        assert.deepEqual(parsePieces(pieces), { requests, status: undefined });
      }
    });
  }

  for (const [what, text, status] of wrong) {
    it(`refuses with ${status} ${what}`, () => {
      for (const pieces of splits(text)) {
        assert.deepEqual(parsePieces(pieces), { requests: [], status });
      }
    });
  }

  it("refuses nothing before its fault has come", () => {
    for (const [what, text] of right) {
      for (let end = 0; end < text.length; end++) {
        assert.equal(parseText(text.slice(0, end)).status, undefined, `${what} up to ${end}`);
      }
    }
  });
});

describe("RequestParser", () => {
  it("takes a head of 128 KB, and not a byte more", () => {
    const rest = request("GET /? HTTP/1.1").length;
    const longest = `GET /?${"k".repeat(HttpLimits.headBytesMax - rest)} HTTP/1.1`;
    assert.equal(parseText(request(longest)).requests.length, 1);
    assert.equal(parseText(request(`${longest} `.replace("?", "?k"))).status, 431);
    assert.equal(parseText("x".repeat(HttpLimits.headBytesMax)).status, 431);
  });
});
