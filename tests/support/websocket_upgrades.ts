import assert from "node:assert/strict";
import { Buffer } from "node:buffer";

import { CountedBuffers } from "./websocket_decoding.ts";
import { type FrontAnswer, healthRoute, HttpFront } from "../../protocol/http/front.ts";
import type { RequestHead } from "../../protocol/http/head.ts";
import { upgradeRoute } from "../../protocol/websocket/upgrade.ts";

/** The handshake of RFC 6455 section 1.3, field by field. */
export const FIELDS = {
  host: "Host: server.example.com",
  upgrade: "Upgrade: websocket",
  connection: "Connection: Upgrade",
  key: "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  version: "Sec-WebSocket-Version: 13",
};

/** A head of the given request line, with fields replaced, left out (empty) or added. */
export function headOf(line = "GET /sub HTTP/1.1", changes: Record<string, string> = {}): string {
  const fields = Object.values({ ...FIELDS, ...changes }).filter((field) => field !== "");
  return [line, ...fields, "", ""].join("\r\n");
}

/** A right request line with fields replaced, left out or added. */
export const withFields = (changes: Record<string, string>) => headOf(undefined, changes);

/** The bytes of a text of one byte per character. */
export const latin1 = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));

/** What is served where WebSocket clients connect. */
export const ROUTES = [upgradeRoute, healthRoute];

/** What became of an upgrade. */
export interface Upgraded {
  /** Undefined when the head was not finished. */
  readonly answer?: FrontAnswer;
  readonly head?: RequestHead;
  /** Where the head ended, or where the piece began that refused it. */
  readonly end: number;
}

/** Pushes pieces until there is an answer; checks that all borrowed memory is returned. */
export function upgradePieces(pieces: readonly Uint8Array[]): Upgraded {
  const buffers = new CountedBuffers();
  const front = new HttpFront(buffers, ROUTES);
  let end = 0;
  for (const piece of pieces) {
    const chunk = piece.slice();
    const answer = front.push(chunk);
    chunk.fill(0xee);
    if (answer !== undefined) {
      assert.equal(buffers.lentBytes, 0, "an answer returns what is borrowed");
      if (answer.status === 101) end += front.consumedBytes;
      return { answer, head: front.head, end };
    }
    end += piece.length;
  }
  front.close();
  assert.equal(buffers.lentBytes, 0, "close() returns what is borrowed");
  return { end };
}

/** What Chromium sends. */
export const CHROMIUM = "GET /sub?v=1 HTTP/1.1\r\nHost: 127.0.0.1:3102\r\nConnection: Upgrade\r\n" +
  "Pragma: no-cache\r\nCache-Control: no-cache\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) " +
  "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n" +
  "Upgrade: websocket\r\nOrigin: http://localhost:8000\r\nSec-WebSocket-Version: 13\r\n" +
  "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
  "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";
