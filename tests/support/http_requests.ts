import { Buffer } from "node:buffer";
import { RequestParser } from "../../protocol/http/request_parser.ts";
import { HttpError } from "../../protocol/http/status.ts";
import { latin1 } from "./websocket_upgrades.ts";

/** Longest body that the parsers of tests take, in bytes. */
export const BODY_BYTES_MAX = 1_000;

/** A request as a test writes it, such as `POST /a HTTP/1.1`, with its field lines. */
export function request(line: string, fields: readonly string[] = ["Host: a"], body = ""): string {
  return `${[line, ...fields].join("\r\n")}\r\n\r\n${body}`;
}

/** What a parser makes of a stream, in a form that tests can compare. */
export interface ParsedStream {
  /** `METHOD target host body`, one for each request. */
  readonly requests: string[];
  /** Why it stopped: a status, or nothing where it waits for more. */
  readonly status: number | undefined;
}

/** Parses a stream that comes in pieces, each spoilt once it was pushed. */
export function parsePieces(pieces: readonly Uint8Array[]): ParsedStream {
  const parser = new RequestParser(BODY_BYTES_MAX);
  const requests: string[] = [];
  try {
    for (const piece of pieces) {
      const chunk = piece.slice();
      for (let at = 0; at < chunk.length;) {
        at += parser.push(chunk.subarray(at));
        if (!parser.isComplete) continue;
        const { head, body } = parser.take();
        const text = Buffer.from(body).toString("latin1");
        requests.push(`${head.method} ${head.target} ${head.host} ${text}`);
      }
      chunk.fill(0xee);
    }
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return { requests, status: error.status };
  }
  return { requests, status: undefined };
}

/** Parses a text that comes at once. */
export function parseText(text: string): ParsedStream {
  return parsePieces([latin1(text)]);
}
