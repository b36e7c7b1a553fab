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
 * Finds a member's value as it was written; see {@linkcode jsonMembers}.
 *
 * @returns The value's JSON text, that of the last when the name occurs more than once, as
 * `JSON.parse` takes it; undefined when there is none.
 */
export function jsonMember(object: string, name: string): string | undefined {
  let found: string | undefined;
  for (const [one, value] of jsonMembers(object)) {
    if (one === name) found = value;
  }
  return found;
}

/**
 * Gives each member's name and its value as it was written, so that integers beyond 2^53, the order
 * of members and number formats survive. It walks the text without recursion; the reviver of
 * `JSON.parse`, which sees the source of numbers as well, overflows the stack on a few thousand
 * brackets.
 *
 * @param object Text that {@linkcode parseJsonObject} has accepted.
 */
export function* jsonMembers(object: string): Generator<readonly [name: string, value: string]> {
  let position = skipSpace(object, skipSpace(object, 0) + 1);
  while (object[position] === '"') {
    const nameEnd = endOfString(object, position);
    const valueStart = skipSpace(object, skipSpace(object, nameEnd) + 1);
    const valueEnd = endOfValue(object, valueStart);
    yield [JSON.parse(object.slice(position, nameEnd)), object.slice(valueStart, valueEnd)];
    position = skipSpace(object, skipSpace(object, valueEnd) + 1);
  }
}

function skipSpace(text: string, from: number): number {
  let position = from;
  while (isSpace(text[position])) position++;
  return position;
}

function isSpace(character: string | undefined): boolean {
  return character === " " || character === "\n" || character === "\r" || character === "\t";
}

/** @param from Where the opening quote is. */
function endOfString(text: string, from: number): number {
  let position = from + 1;
  while (text[position] !== '"') position += text[position] === "\\" ? 2 : 1;
  return position + 1;
}

function endOfValue(text: string, from: number): number {
  if (text[from] === '"') return endOfString(text, from);
  if (text[from] === "{" || text[from] === "[") return endOfNested(text, from);
  let position = from;
  while (text[position] !== "," && text[position] !== "}" && !isSpace(text[position])) position++;
  return position;
}

/** @param from Where the opening bracket is. */
function endOfNested(text: string, from: number): number {
  let position = from;
  let depth = 0;
  do {
    const character = text[position];
    if (character === '"') {
      position = endOfString(text, position);
      continue;
    }
    if (character === "{" || character === "[") depth++;
    if (character === "}" || character === "]") depth--;
    position++;
  } while (depth > 0);
  return position;
}
