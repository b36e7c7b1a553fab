import { isHostField } from "../host.ts";
import { HttpLimits } from "./limits.ts";
import { HttpError } from "./status.ts";

/** Values of fields by lowercase name, one per field line, in the order sent. */
export type HttpFields = ReadonlyMap<string, readonly string[]>;

/** What a server must know of a request's head. */
export interface RequestHead {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  /** `1.1` or `1.0`. */
  readonly version: string;
  /** The Host field; empty where a client of HTTP/1.0 sends none. */
  readonly host: string;
  readonly fields: HttpFields;
  /** Bytes of the body, or undefined where it comes in chunks. */
  readonly contentLength: number | undefined;
  /** Whether the client waits for 100 Continue before it sends the body. */
  readonly expectsContinue: boolean;
  /** Whether the connection ends after the answer. */
  readonly isLast: boolean;
}

/** Tokens and visible characters are those of RFC 9110 sections 5.5 and 5.6.2. */
const REQUEST_LINE = /^([!#$%&'*+.^`|~\w-]+) ([!-~]+) HTTP\/(\d\.\d)$/;
const FIELD_LINE = /^([!#$%&'*+.^`|~\w-]+):([\t -~\x80-\xff]*)$/;

/** `http://host/path`, which proxies are sent: scheme and host, and what is left. */
const ABSOLUTE_TARGET = /^https?:\/\/([^/?#]+)(\/.*)?$/i;

/** Few enough digits for a number of JavaScript. */
const CONTENT_LENGTH = /^\d{1,15}$/;

/**
 * Parses a request's head by the strict reading of RFC 9112: no folded lines, no space before a
 * colon, one space between the parts of the request line, and nothing that two servers in a row
 * could take for two different requests.
 *
 * @param text Lines that each end in CRLF, the last one empty; a character per byte.
 * @throws {HttpError} When it cannot be served.
 */
export function parseRequestHead(text: string): RequestHead {
  const [line] = text.split("\r\n", 1);
  const [, method, target, version] = REQUEST_LINE.exec(line) ?? [];
  if (method === undefined) throw new HttpError(400, "head is malformed");
  const fields = parseFields(text.slice(line.length + 2));
  if (version !== "1.1" && version !== "1.0") {
    throw new HttpError(505, "version must be HTTP/1.1 or HTTP/1.0");
  }
  const isOld = version === "1.0";
  const host = hostOf(fields, isOld);
  return {
    method,
    target: targetOf(target, host),
    version,
    host,
    fields,
    contentLength: bodyLength(fields, isOld),
    expectsContinue: !isOld && expectsContinue(fields),
    isLast: isOld || hasToken(fields, "connection", "close"),
  };
}

/**
 * Parses field lines: those of a head, or the trailers of a body.
 *
 * @param text Lines that each end in CRLF, the last one empty; a character per byte.
 * @throws {HttpError} When one is malformed, or there are too many.
 */
export function parseFields(text: string): HttpFields {
  const lines = text.split("\r\n").slice(0, -2);
  if (lines.length > HttpLimits.fieldsMax) {
    throw new HttpError(431, `head must have at most ${HttpLimits.fieldsMax} fields`);
  }
  const fields = new Map<string, string[]>();
  for (const line of lines) {
    const fieldLine = FIELD_LINE.exec(line);
    if (fieldLine === null) throw new HttpError(400, "fields are malformed");
    const name = fieldLine[1].toLowerCase();
    const value = trimBlanks(fieldLine[2]);
    const values = fields.get(name);
    if (values === undefined) fields.set(name, [value]);
    else values.push(value);
  }
  return fields;
}

/**
 * The value of a field that may be given once.
 *
 * @param name In lowercase.
 * @returns The value, or undefined when there is none or more than one.
 */
export function singleField(fields: HttpFields, name: string): string | undefined {
  const values = fields.get(name);
  return values?.length === 1 ? values[0] : undefined;
}

/**
 * Whether a field that is a list of tokens, over one line or several, has a token.
 *
 * @param name In lowercase.
 * @param token In lowercase; compared without regard to case.
 */
export function hasToken(fields: HttpFields, name: string, token: string): boolean {
  const values = fields.get(name) ?? [];
  return values.some((value) =>
    value.split(",").some((item) => trimBlanks(item).toLowerCase() === token)
  );
}

/** Cuts spaces and tabs at both ends: a pattern would take quadratic time, `trim` takes more. */
function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(charCode: number): boolean {
  return charCode === 0x20 || charCode === 0x09;
}

function hostOf(fields: HttpFields, isOld: boolean): string {
  if (isOld && !fields.has("host")) return "";
  const host = singleField(fields, "host");
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
function bodyLength(fields: HttpFields, isOld: boolean): number | undefined {
  if (fields.has("transfer-encoding")) {
    if (isOld || fields.has("content-length")) {
      throw new HttpError(400, "Transfer-Encoding needs HTTP/1.1, without Content-Length");
    }
    if (singleField(fields, "transfer-encoding")?.toLowerCase() === "chunked") return undefined;
    throw new HttpError(501, "Transfer-Encoding must be chunked");
  }
  if (!fields.has("content-length")) return 0;
  const length = singleField(fields, "content-length") ?? "";
  if (CONTENT_LENGTH.test(length)) return Number(length);
  throw new HttpError(400, "Content-Length must be given once, as a number of bytes");
}

function expectsContinue(fields: HttpFields): boolean {
  if (!fields.has("expect")) return false;
  if (singleField(fields, "expect")?.toLowerCase() === "100-continue") return true;
  throw new HttpError(417, "Expect must be 100-continue");
}
