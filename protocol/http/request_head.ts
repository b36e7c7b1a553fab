import { hasToken, type HttpHead, parseHttpHead, singleField } from "./head.ts";
import { isHostField } from "../host.ts";
import { HttpError } from "./http_error.ts";
import { HttpLimits } from "./limits.ts";

/** What a server must know of a request's head. */
export interface RequestHead {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  /** The Host field; empty where a client of HTTP/1.0 sends none. */
  readonly host: string;
  readonly fields: HttpHead["fields"];
  /** Bytes of the body, or undefined where it comes in chunks. */
  readonly contentLength: number | undefined;
  /** Whether the client waits for 100 Continue before it sends the body. */
  readonly expectsContinue: boolean;
  /** Whether the connection ends after the answer. */
  readonly isLast: boolean;
}

/** `http://host/path`, which proxies are sent: scheme and host, and what is left. */
const ABSOLUTE_TARGET = /^https?:\/\/([^/?#]+)(\/.*)?$/i;

/** Few enough digits for a number of JavaScript. */
const CONTENT_LENGTH = /^\d{1,15}$/;

/**
 * Parses the head of a request by the strict reading of RFC 9112: what two servers in a row could
 * take for two different requests is refused.
 *
 * @param text Lines that each end in CRLF, the last one empty; a character per byte.
 * @throws {HttpError} When it cannot be served.
 */
export function parseRequestHead(text: string): RequestHead {
  const head = parseHttpHead(text);
  if (head === undefined) throw new HttpError(400, "head is malformed");
  const { method, version, fields } = head;
  if (version !== "1.1" && version !== "1.0") {
    throw new HttpError(505, "version must be HTTP/1.1 or HTTP/1.0");
  }
  const isOld = version === "1.0";
  checkFieldCount(fields);
  const host = hostOf(head, isOld);
  return {
    method,
    target: targetOf(head.target, host),
    host,
    fields,
    contentLength: bodyLength(head, isOld),
    expectsContinue: !isOld && expectsContinue(head),
    isLast: isOld || hasToken(head, "connection", "close"),
  };
}

/** @throws {HttpError} When a head or the trailers of a body have more field lines than they may. */
export function checkFieldCount(fields: HttpHead["fields"]): void {
  let count = 0;
  for (const values of fields.values()) count += values.length;
  if (count <= HttpLimits.fieldsMax) return;
  throw new HttpError(431, `head must have at most ${HttpLimits.fieldsMax} fields`);
}

function hostOf(head: HttpHead, isOld: boolean): string {
  if (isOld && !head.fields.has("host")) return "";
  const host = singleField(head, "host");
  if (host !== undefined && isHostField(host)) return host;
  throw new HttpError(400, "Host must be given once, as a name or an address");
}

/** Path and query; where the target names a host as well, it must be that of the Host field. */
function targetOf(target: string, host: string): string {
  // No client sends a fragment, and none could pass for a part of the path.
  if (!target.includes("#")) {
    if (target.startsWith("/")) return target;
    const absolute = ABSOLUTE_TARGET.exec(target);
    if (absolute !== null && absolute[1].toLowerCase() === host.toLowerCase()) {
      return absolute[2] ?? "/";
    }
  }
  throw new HttpError(400, "target must be a path of the host");
}

/** How long the body is, or undefined where it comes in chunks (RFC 9112 section 6). */
function bodyLength(head: HttpHead, isOld: boolean): number | undefined {
  const { fields } = head;
  const isChunked = fields.has("transfer-encoding");
  if (isChunked) {
    if (isOld || fields.has("content-length")) {
      throw new HttpError(400, "Transfer-Encoding needs HTTP/1.1, without Content-Length");
    }
    if (singleField(head, "transfer-encoding")?.toLowerCase() === "chunked") return undefined;
    throw new HttpError(501, "Transfer-Encoding must be chunked");
  }
  if (!fields.has("content-length")) return 0;
  const length = singleField(head, "content-length") ?? "";
  if (CONTENT_LENGTH.test(length)) return Number(length);
  throw new HttpError(400, "Content-Length must be given once, as a number of bytes");
}

function expectsContinue(head: HttpHead): boolean {
  if (!head.fields.has("expect")) return false;
  if (singleField(head, "expect")?.toLowerCase() === "100-continue") return true;
  throw new HttpError(417, "Expect must be 100-continue");
}
