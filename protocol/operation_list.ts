import { CloseCodes, ProtocolError } from "./close_codes.ts";
import { excerpt } from "./excerpt.ts";
import { isInt32 } from "./int32.ts";
import { Limits } from "./limits.ts";
import { decodeUtf8 } from "./utf8.ts";

/**
 * Parses the body of a subscribe or unsubscribe frame, such as `1000,1001`. Spaces around a number
 * are tolerated.
 *
 * @returns The operations in the body's order; none for an empty body.
 * @throws {ProtocolError} When the body is anything else than int32s between commas.
 */
export function parseOperations(body: Uint8Array): number[] {
  const text = decodeUtf8(body);
  if (text === undefined) throw refusal("Cannot read operations: body must be valid UTF-8");
  if (/^ *$/.test(text)) return [];
  return text.split(",").map(parseOperation);
}

function parseOperation(text: string): number {
  const operation = /^ *[+-]?\d+ *$/.test(text) ? Number(text) : NaN;
  if (isInt32(operation)) return operation | 0;
  throw refusal(
    `Cannot read operations: each must be an int32, current value is "${excerpt(text)}"`,
  );
}

/**
 * The operations that a connection accepts once it has subscribed to some more.
 *
 * @param body As for {@linkcode parseOperations}.
 * @throws {ProtocolError} When that is none, or there are too many.
 */
export function subscribed(accepts: readonly number[], body: Uint8Array): readonly number[] {
  const more = [...new Set([...accepts, ...parseOperations(body)])];
  if (more.length <= Limits.acceptsMax) return more;
  throw refusal(
    `Cannot subscribe: at most ${Limits.acceptsMax} operations, would be ${more.length}`,
  );
}

/** The operations that it accepts without some; otherwise as {@linkcode subscribed}. */
export function unsubscribed(accepts: readonly number[], body: Uint8Array): readonly number[] {
  const dropped = new Set(parseOperations(body));
  return accepts.filter((operation) => !dropped.has(operation));
}

function refusal(message: string): ProtocolError {
  return new ProtocolError(CloseCodes.protocolError, message);
}
