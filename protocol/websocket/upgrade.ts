import { createHash } from "node:crypto";
import { type FrontAnswer, type FrontRoute, refuse } from "../http/front.ts";
import { hasToken, type RequestHead, singleField } from "../http/head.ts";

/** WebSocket clients; extensions and subprotocols that they offer are not taken up. */
export const upgradeRoute: FrontRoute = {
  path: "/sub",
  methods: ["GET"],
  versions: ["1.1"],
  answer: answerUpgrade,
};

/** 16 bytes in base64. */
const KEY = /^[A-Za-z\d+/]{22}==$/;

/** What a client learns that does not ask for WebSocket, or for another version of it. */
const UPGRADE_FIELDS =
  "Connection: close, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";

/** Checks the client's half of the handshake, RFC 6455 section 4.2.1. */
function answerUpgrade({ fields }: RequestHead): FrontAnswer {
  if (!hasToken(fields, "upgrade", "websocket")) {
    return refuse(426, "Upgrade must name websocket.", UPGRADE_FIELDS);
  }
  if (!hasToken(fields, "connection", "upgrade")) {
    return refuse(400, "Connection must name upgrade.");
  }
  if (singleField(fields, "sec-websocket-version") !== "13") {
    return refuse(426, "Sec-WebSocket-Version must be 13.", UPGRADE_FIELDS);
  }
  const key = singleField(fields, "sec-websocket-key") ?? "";
  if (!KEY.test(key)) {
    return refuse(400, "Sec-WebSocket-Key must be given once, 16 bytes in base64.");
  }
  if (fields.has("origin") && singleField(fields, "origin") === undefined) {
    return refuse(400, "Origin must be given at most once.");
  }
  return { status: 101, response: acceptResponse(key) };
}

/** Joined to the client's key, it proves that the server knows WebSocket (RFC 6455 section 1.3). */
const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/**
 * The answer that switches a connection to WebSocket, without extensions and subprotocol (RFC 6455
 * section 4.2.2).
 *
 * @param key The client's Sec-WebSocket-Key.
 */
export function acceptResponse(key: string): Uint8Array {
  const accept = createHash("sha1").update(key + ACCEPT_SUFFIX).digest("base64");
  return new TextEncoder().encode(
    "HTTP/1.1 101 Switching Protocols\r\n" +
      "Upgrade: websocket\r\n" +
      "Connection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
}
