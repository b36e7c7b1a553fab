/** Values of fields by lowercase name, one per field line, in the order sent. */
export type HttpFields = ReadonlyMap<string, readonly string[]>;

/** The head of an HTTP/1 request, taken apart. */
export interface HttpHead {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  /** Such as `1.1`. */
  readonly version: string;
  readonly fields: HttpFields;
}

/** Tokens and visible characters are those of RFC 9110 sections 5.5 and 5.6.2. */
const REQUEST_LINE = /^([!#$%&'*+.^`|~\w-]+) ([!-~]+) HTTP\/(\d\.\d)$/;
const FIELD_LINE = /^([!#$%&'*+.^`|~\w-]+):([\t -~\x80-\xff]*)$/;

/**
 * Parses a request's head (RFC 9112 sections 2 to 5), as strictly as they allow: no folded lines,
 * no space before a colon, one space between the parts of the request line.
 *
 * @param text Lines that each end in CRLF, the last one empty; a character per byte.
 * @returns The head, or undefined when it is malformed.
 */
export function parseHttpHead(text: string): HttpHead | undefined {
  const lines = text.slice(0, -4).split("\r\n");
  const requestLine = REQUEST_LINE.exec(lines[0]);
  if (requestLine === null) return undefined;
  const fields = parseFieldLines(lines, 1);
  if (fields === undefined) return undefined;
  return { method: requestLine[1], target: requestLine[2], version: requestLine[3], fields };
}

/**
 * Parses field lines: those of a head, or the trailers of a body.
 *
 * @param lines Without their CRLF.
 * @param first Index of the first field line.
 * @returns The fields, or undefined when one is malformed.
 */
export function parseFieldLines(lines: readonly string[], first: number): HttpFields | undefined {
  const fields = new Map<string, string[]>();
  for (let index = first; index < lines.length; index++) {
    const fieldLine = FIELD_LINE.exec(lines[index]);
    if (fieldLine === null) return undefined;
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
export function singleField(head: HttpHead, name: string): string | undefined {
  const values = head.fields.get(name);
  return values?.length === 1 ? values[0] : undefined;
}

/**
 * Whether a field that is a list of tokens, over one line or several, has a token.
 *
 * @param name In lowercase.
 * @param token In lowercase; compared without regard to case.
 */
export function hasToken(head: HttpHead, name: string, token: string): boolean {
  const values = head.fields.get(name) ?? [];
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
