import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";

import { seededPrng } from "../../base/prng.ts";
import { byteByByte, joined, randomSplit, utf8 } from "../../tests/support/websocket_frames.ts";
import {
  CHROMIUM,
  FIELDS,
  headOf,
  latin1,
  type Upgraded,
  upgradePieces,
  withFields,
} from "../../tests/support/websocket_upgrades.ts";
import { HttpLimits } from "../http/limits.ts";
import { Limits } from "../limits.ts";

const ACCEPTED = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" +
  "Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/** Runs `check` on the outcome for a head that comes whole, byte by byte and at random splits. */
function atEverySplit(
  input: Uint8Array,
  check: (outcome: Upgraded) => void,
): void {
  check(upgradePieces([input]));
  check(upgradePieces(byteByByte(input)));
  const prng = seededPrng(input.length);
  for (let round = 0; round < 20; round++) check(upgradePieces(randomSplit(prng, input)));
}

const FIREFOX = "GET /sub HTTP/1.1\r\nHost: localhost:3102\r\nUser-Agent: Mozilla/5.0 (X11; " +
  "Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\nAccept: */*\r\n" +
  "Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n" +
  "Sec-WebSocket-Version: 13\r\nOrigin: http://localhost\r\n" +
  "Sec-WebSocket-Extensions: permessage-deflate\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nConnection: keep-alive, Upgrade\r\n" +
  "Sec-Fetch-Dest: empty\r\nPragma: no-cache\r\nUpgrade: websocket\r\n\r\n";

const takes: Record<string, string> = {
  "the handshake of RFC 6455": headOf(),
  "Chromium's handshake": CHROMIUM,
  "Firefox's handshake": FIREFOX,
  "a query": headOf("GET /sub?a=b&c=/d HTTP/1.1"),
  "an absolute target": headOf("GET http://server.example.com/sub HTTP/1.1"),
  "an empty query": headOf("GET /sub? HTTP/1.1"),
  "names in lowercase": headOf().replace(/^[\w-]+:/gm, (name) => name.toLowerCase()),
  "names in uppercase": headOf().replace(/^[\w-]+:/gm, (name) => name.toUpperCase()),
  "values in other cases": withFields({
    upgrade: "Upgrade: WebSocket",
    connection: "Connection: upgrade",
  }),
  "blanks around values and none": withFields({
    host: "Host:a",
    upgrade: "Upgrade: \twebsocket \t",
  }),
  "lists over several lines": withFields({
    connection: "Connection: keep-alive",
    more: "Connection: , upgrade ,",
    upgrade: "Upgrade: h2c, websocket",
  }),
  "a subprotocol and extensions, taking up neither": withFields({
    protocol: "Sec-WebSocket-Protocol: chat, superchat",
    extensions: "Sec-WebSocket-Extensions: permessage-deflate",
  }),
  "a body of no bytes": withFields({ length: "Content-Length: 0" }),
  "an IPv6 host": withFields({ host: "Host: [::1]:3102" }),
  "bytes above 127 in a value": withFields({ agent: "User-Agent: caf\xe9" }),
  "an empty value": withFields({ cookie: "Cookie:" }),
  "a field named as a property of objects": withFields({ proto: "__proto__: a" }),
  "a head of exactly the largest size": withFields({
    cookie: `Cookie: ${"c".repeat(Limits.upgradeHeadBytesMax - headOf().length - 10)}`,
  }),
};

describe("HttpFront.push() with upgradeRoute at every split of a right head", () => {
  for (const [name, head] of Object.entries(takes)) {
    test(`takes ${name}`, () => {
      const frames = utf8("frames\0\n\r\r\n\r\n");
      atEverySplit(joined(latin1(head), frames), ({ answer, end }) => {
        assert.ok(answer !== undefined);
        assert.equal(answer.status, 101, Buffer.from(answer.response).toString());
        assert.equal(Buffer.from(answer.response).toString(), ACCEPTED);
        assert.equal(end, head.length, "what follows the head is left");
      });
    });
  }
});

const refuses: Record<string, readonly [status: number, head: string]> = {
  "another path": [404, headOf("GET / HTTP/1.1")],
  "a longer path": [404, headOf("GET /subs HTTP/1.1")],
  "a path below": [404, headOf("GET /sub/ HTTP/1.1")],
  "a path in another case": [404, headOf("GET /SUB HTTP/1.1")],
  "an encoded path": [404, headOf("GET /%73ub HTTP/1.1")],
  "an absolute target of another host": [400, headOf("GET http://other.example.com/sub HTTP/1.1")],
  "a fragment": [400, headOf("GET /sub#a HTTP/1.1")],
  "POST": [405, headOf("POST /sub HTTP/1.1")],
  "HEAD": [405, headOf("HEAD /sub HTTP/1.1")],
  "a method in lowercase": [405, headOf("get /sub HTTP/1.1")],
  "HTTP/1.0": [505, headOf("GET /sub HTTP/1.0")],
  "HTTP/2": [505, "PRI * HTTP/2.0\r\n\r\n"],
  "HTTP/1.2": [505, headOf("GET /sub HTTP/1.2")],
  "a version in lowercase": [400, headOf("GET /sub http/1.1")],
  "no version": [400, headOf("GET /sub")],
  "two spaces in the request line": [400, headOf("GET  /sub HTTP/1.1")],
  "a space at the end of the request line": [400, headOf("GET /sub HTTP/1.1 ")],
  "a tab in the request line": [400, headOf("GET\t/sub HTTP/1.1")],
  "a byte above 127 in the target": [400, headOf("GET /sub?\xe9 HTTP/1.1")],
  "a method that is no token": [400, headOf("G(T /sub HTTP/1.1")],
  "an empty line first": [400, "\r\n" + headOf()],
  "an empty head": [400, "\r\n"],
  "a bare LF": [400, headOf().replace("\r\nUpgrade", "\nUpgrade")],
  "bare LFs alone": [400, headOf().replaceAll("\r\n", "\n")],
  "a bare CR": [400, withFields({ agent: "User-Agent: a\rb" })],
  "CR twice": [400, headOf().replace("\r\n", "\r\r\n")],
  "a NUL": [400, withFields({ agent: "User-Agent: a\0b" })],
  "a control character": [400, withFields({ agent: "User-Agent: a\x01b" })],
  "DEL": [400, withFields({ agent: "User-Agent: a\x7fb" })],
  "a TLS client": [400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
  "a folded line": [400, withFields({ agent: "User-Agent: a\r\n b" })],
  "a folded line first": [400, headOf("GET /sub HTTP/1.1\r\n Host: a")],
  "a space before the colon": [400, withFields({ host: "Host : a" })],
  "a line without a colon": [400, withFields({ agent: "User-Agent" })],
  "an empty name": [400, withFields({ agent: ": a" })],
  "a name that is no token": [400, withFields({ agent: "User Agent: a" })],
  "a name above 127": [400, withFields({ agent: "Us\xe9r: a" })],
  "no Host": [400, withFields({ host: "" })],
  "an empty Host": [400, withFields({ host: "Host:" })],
  "two Hosts": [400, withFields({ more: "host: server.example.com" })],
  "a Host that is none": [400, withFields({ host: "Host: a b" })],
  "a Host with user information": [400, withFields({ host: "Host: a@b" })],
  "a body": [400, withFields({ length: "Content-Length: 5" })],
  "a negative length": [400, withFields({ length: "Content-Length: -1" })],
  "a list of lengths": [400, withFields({ length: "Content-Length: 0, 0" })],
  "two lengths": [400, withFields({ length: "Content-Length: 0", more: "Content-Length: 0" })],
  "a transfer encoding": [400, withFields({ coding: "Transfer-Encoding: chunked" })],
  "no Upgrade": [426, withFields({ upgrade: "" })],
  "another Upgrade": [426, withFields({ upgrade: "Upgrade: websockets" })],
  "no Connection": [400, withFields({ connection: "" })],
  "another Connection": [400, withFields({ connection: "Connection: keep-alive, upgraded" })],
  "no version of WebSocket": [426, withFields({ version: "" })],
  "version 8": [426, withFields({ version: "Sec-WebSocket-Version: 8" })],
  "version 013": [426, withFields({ version: "Sec-WebSocket-Version: 013" })],
  "a list of versions": [426, withFields({ version: "Sec-WebSocket-Version: 13, 8" })],
  "two versions": [426, withFields({ more: "Sec-WebSocket-Version: 13" })],
  "no key": [400, withFields({ key: "" })],
  "two keys": [400, withFields({ more: FIELDS.key })],
  "a key of 15 bytes": [400, withFields({ key: "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j" })],
  "a key of 17 bytes": [400, withFields({ key: "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSE=" })],
  "a key that is no base64": [
    400,
    withFields({ key: "Sec-WebSocket-Key: dGhlIHNhbXBs*SBub25jZQ==" }),
  ],
  "two Origins": [400, withFields({ origin: "Origin: http://a", more: "Origin: http://b" })],
  "a head of one byte too many": [
    431,
    withFields({
      cookie: `Cookie: ${"c".repeat(Limits.upgradeHeadBytesMax - headOf().length - 9)}`,
    }),
  ],
  "a request line without end": [431, "GET /" + "s".repeat(20_000)],
  "too many fields": [
    431,
    headOf().slice(0, -2) + "a: b\r\n".repeat(HttpLimits.fieldsMax) + "\r\n",
  ],
  "an expectation": [417, withFields({ expect: "Expect: cake" })],
  "fields without end": [431, "GET /sub HTTP/1.1\r\n" + "a: b\r\n".repeat(3000)],
};

/** Fields that a status brings along. */
const STATUS_FIELDS: Record<number, RegExp> = {
  405: /^Allow: GET\r$/m,
  426: /^Upgrade: websocket\r\nSec-WebSocket-Version: 13\r$/m,
};

describe("HttpFront.push() with upgradeRoute at every split of a wrong head", () => {
  for (const [name, [status, head]] of Object.entries(refuses)) {
    test(`refuses with ${status} ${name}`, () => {
      atEverySplit(latin1(head), ({ answer }) => {
        assert.ok(answer !== undefined, "it is refused");
        assert.equal(answer.status, status, Buffer.from(answer.response).toString());
        const [responseHead, body] = Buffer.from(answer.response).toString().split("\r\n\r\n");
        assert.match(responseHead, new RegExp(`^HTTP/1\\.1 ${status} [A-Z][A-Za-z ]+\r\n`));
        assert.match(responseHead, /^Connection: close(, Upgrade)?\r$/m);
        assert.match(responseHead, new RegExp(`^Content-Length: ${body.length}$`, "m"));
        assert.match(responseHead, STATUS_FIELDS[status] ?? /^/);
        assert.match(body, /^[A-Z][ -~]+\.\n$/);
      });
    });
  }
});
