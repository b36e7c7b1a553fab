const QUOTE = 0x22, BACKSLASH = 0x5c, COMMA = 0x2c;

/**
 * Parses text that must be a JSON object (RFC 8259).
 *
 * @returns The object, or undefined when `text` is anything else or nests too deep to be parsed.
 */
export function parseJsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return value as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/**
 * Finds a member's value as it was written; see {@linkcode JsonMembers}.
 *
 * @returns The value's JSON text, that of the last when the name occurs more than once, as
 * `JSON.parse` takes it; undefined when there is none.
 */
export function jsonMember(object: string, name: string): string | undefined {
  const members = new JsonMembers(object);
  let found: string | undefined;
  while (members.next()) {
    if (members.name() === name) found = members.value();
  }
  return found;
}

/**
 * Walks over an object's members, whose values it gives as they were written, so that integers
 * beyond 2^53, the order of members and number formats survive. It needs no recursion; the reviver
 * of `JSON.parse`, which sees the source of numbers as well, overflows the stack on a few thousand
 * brackets. Frames in text are read with it: hence no generator, and character codes.
 */
export class JsonMembers {
  private nameStart = 0;
  private nameEnd = 0;
  private valueStart = 0;
  private valueEnd = 0;

  /** @param object Text that {@linkcode parseJsonObject} has accepted. */
  constructor(private readonly object: string) {}

  /** Goes to the first member, then to the next; false when there is none. */
  next(): boolean {
    const { object } = this;
    // Behind the opening brace, or the comma behind the last value.
    this.nameStart = skipSpace(object, skipSpace(object, this.valueEnd) + 1);
    if (object.charCodeAt(this.nameStart) !== QUOTE) return false;
    this.nameEnd = endOfString(object, this.nameStart);
    this.valueStart = skipSpace(object, skipSpace(object, this.nameEnd) + 1);
    this.valueEnd = endOfValue(object, this.valueStart);
    return true;
  }

  /** The member's name. */
  name(): string {
    return JSON.parse(this.object.slice(this.nameStart, this.nameEnd));
  }

  /** The member's value as JSON text. */
  value(): string {
    return this.object.slice(this.valueStart, this.valueEnd);
  }
}

function skipSpace(text: string, from: number): number {
  let position = from;
  while (isSpace(text.charCodeAt(position))) position++;
  return position;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** @param from Where the opening quote is. */
function endOfString(text: string, from: number): number {
  let position = from + 1;
  for (;;) {
    const code = text.charCodeAt(position);
    if (code === QUOTE) return position + 1;
    position += code === BACKSLASH ? 2 : 1;
  }
}

function endOfValue(text: string, from: number): number {
  const first = text.charCodeAt(from);
  if (first === QUOTE) return endOfString(text, from);
  if (isOpening(first)) return endOfNested(text, from);
  let position = from;
  for (;;) {
    const code = text.charCodeAt(position);
    if (code === COMMA || isClosing(code) || isSpace(code)) return position;
    position++;
  }
}

/** @param from Where the opening bracket is. */
function endOfNested(text: string, from: number): number {
  let position = from;
  let depth = 0;
  do {
    const code = text.charCodeAt(position);
    if (code === QUOTE) {
      position = endOfString(text, position);
      continue;
    }
    if (isOpening(code)) depth++;
    else if (isClosing(code)) depth--;
    position++;
  } while (depth > 0);
  return position;
}

function isOpening(code: number): boolean {
  return code === 0x7b || code === 0x5b;
}

function isClosing(code: number): boolean {
  return code === 0x7d || code === 0x5d;
}
