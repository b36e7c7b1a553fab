import { Buffer } from "node:buffer";
import type { Clock } from "../../base/clock.ts";
import { HttpLimits } from "./limits.ts";
import { type HttpError, statusPhrase } from "./status.ts";

/** Tells a client that waits for it to send its body. */
export const CONTINUE: Uint8Array = Buffer.from("HTTP/1.1 100 Continue\r\n\r\n", "latin1");

/** Fields that are the server's to say. */
const OWN_FIELDS = new Set(
  ["connection", "content-length", "date", "keep-alive", "transfer-encoding"],
);

/** After how long whoever was refused for the state of the server may ask again, in seconds. */
export const RETRY_S = 1;

/** How much of a body is copied to leave in one write with its head, in bytes. */
const JOINED_BYTES_MAX = 16 * 1024;

/**
 * Longest part, in bytes. On Deno a connection drains when the last part has begun to leave, and
 * nothing more is said when it has left: by itself it must not hold back the next request.
 */
const PART_BYTES_MAX = HttpLimits.unreadBytesMax;

/**
 * Encodes an answer, in parts to be written one after the other.
 *
 * @param isHead Whether it answers HEAD: then no body follows.
 * @param isLast Whether the connection ends after it.
 * @param date Present time, as HTTP writes it.
 */
export function encodeAnswer(
  response: Response,
  body: ArrayBuffer,
  isHead: boolean,
  isLast: boolean,
  date: string,
): Uint8Array[] {
  const { status, headers } = response;
  const bodyBytes = body.byteLength;
  let head = `HTTP/1.1 ${status} ${statusPhrase(status)}\r\nDate: ${date}\r\n`;
  headers.forEach((value, name) => {
    if (!OWN_FIELDS.has(name)) head += `${name}: ${value}\r\n`;
  });
  // The length of what GET would be answered with is not known where HEAD brings no body.
  const hasLength = status !== 204 && status !== 304 && !(isHead && bodyBytes === 0);
  if (hasLength) head += `Content-Length: ${bodyBytes}\r\n`;
  head += isLast ? "Connection: close\r\n\r\n" : "\r\n";
  const sentBytes = isHead ? 0 : bodyBytes;
  const joinedBytes = Math.min(sentBytes, JOINED_BYTES_MAX);
  const first = Buffer.allocUnsafeSlow(head.length + joinedBytes);
  first.write(head, "latin1");
  first.set(new Uint8Array(body, 0, joinedBytes), head.length);
  const parts: Uint8Array[] = [first];
  for (let at = joinedBytes; at < sentBytes; at += PART_BYTES_MAX) {
    parts.push(new Uint8Array(body, at, Math.min(PART_BYTES_MAX, sentBytes - at)));
  }
  return parts;
}

/** The answer to a request that no handler has seen; the connection ends after it. */
export function encodeRefusal({ status, message }: HttpError, date: string): Uint8Array {
  const body = JSON.stringify({ code: -status, message });
  return Buffer.from(
    `HTTP/1.1 ${status} ${statusPhrase(status)}\r\nDate: ${date}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n` +
      (status === 503 ? `Retry-After: ${RETRY_S}\r\n` : "") +
      `Connection: close\r\n\r\n${body}`,
    "latin1",
  );
}

/** Present time to the second, as HTTP writes it (RFC 9110 section 5.6.7). */
export class HttpDate {
  #second = NaN;
  #text = "";

  constructor(private readonly clock: Clock) {}

  get text(): string {
    const second = Math.floor(this.clock.wallMs() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(second * 1000).toUTCString();
    }
    return this.#text;
  }
}
