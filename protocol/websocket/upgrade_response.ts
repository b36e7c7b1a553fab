import { createHash } from "node:crypto";

/** Joined to the client's key, it proves that the server knows WebSocket (RFC 6455 section 1.3). */
const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const utf8 = new TextEncoder();

/**
 * The answer that switches a connection to WebSocket, without extensions and subprotocol (RFC 6455
 * section 4.2.2).
 *
 * @param key The client's Sec-WebSocket-Key.
 */
export function acceptResponse(key: string): Uint8Array {
  const accept = createHash("sha1").update(key + ACCEPT_SUFFIX).digest("base64");
  return utf8.encode(
    "HTTP/1.1 101 Switching Protocols\r\n" +
      "Upgrade: websocket\r\n" +
      "Connection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
}

/** Statuses that refuse an upgrade: the phrase, and the field lines that the status calls for. */
const Refusals = {
  400: { phrase: "Bad Request", fields: "Connection: close\r\n" },
  403: { phrase: "Forbidden", fields: "Connection: close\r\n" },
  404: { phrase: "Not Found", fields: "Connection: close\r\n" },
  405: { phrase: "Method Not Allowed", fields: "Connection: close\r\nAllow: GET\r\n" },
  426: {
    phrase: "Upgrade Required",
    fields: "Connection: close, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
  },
  431: { phrase: "Request Header Fields Too Large", fields: "Connection: close\r\n" },
  505: { phrase: "HTTP Version Not Supported", fields: "Connection: close\r\n" },
} as const;

/** A status that refuses an upgrade. */
export type RefusalStatus = keyof typeof Refusals;

/**
 * The answer that refuses an upgrade; the connection ends after it.
 *
 * @param reason One line for whoever reads the answer.
 */
export function refuseResponse(status: RefusalStatus, reason: string): Uint8Array {
  const { phrase, fields } = Refusals[status];
  return textResponse(`${status} ${phrase}`, fields, `${reason}\n`, true);
}

/**
 * The answer to whoever asks for the health; the connection ends after it.
 *
 * @param hasBody Whether the body goes with it, which HEAD does not want.
 */
export function healthResponse(hasBody: boolean): Uint8Array {
  return textResponse("200 OK", "Connection: close\r\n", "ok\n", hasBody);
}

function textResponse(status: string, fields: string, body: string, hasBody: boolean): Uint8Array {
  return utf8.encode(
    `HTTP/1.1 ${status}\r\n` +
      fields +
      "Content-Type: text/plain; charset=utf-8\r\n" +
      `Content-Length: ${utf8.encode(body).length}\r\n\r\n` +
      (hasBody ? body : ""),
  );
}
