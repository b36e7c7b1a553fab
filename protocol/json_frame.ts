import { CloseCodes, ProtocolError } from "./close_codes.ts";
import { excerpt } from "./excerpt.ts";
import { EMPTY, type Frame, readInt32 } from "./frame.ts";
import { isInt32 } from "./int32.ts";
import { jsonOfBody } from "./json_body.ts";
import { jsonMember, parseJsonObject } from "./json_object.ts";
import { Limits } from "./limits.ts";
import { Operation } from "./operations.ts";

const encoder = new TextEncoder();

/**
 * Decodes a frame of goim's text mode, `{"ver":1,"op":7,"seq":1,"body":{…}}`. A body that is a
 * string stands for its UTF-8 bytes, any other for its JSON text exactly as it was written; without
 * a body, or with null, the frame has none. `seq` may be missing and is then 0, `ver` is then 1.
 *
 * @param text A whole WebSocket text message.
 * @param into Filled in; its body is not borrowed.
 * @throws {ProtocolError} When `text` is not such a frame, or its body is too large.
 */
export function decodeJsonFrame(text: string, into: Frame): void {
  const members = parseJsonObject(text);
  if (members === undefined) {
    throw new ProtocolError(
      CloseCodes.protocolError,
      `Cannot read JSON frame: text must be a JSON object, current value is ${excerpt(text)}`,
    );
  }
  const operation = int32Member(text, "op", members.op);
  const sequence = int32Member(text, "seq", members.seq ?? 0);
  const version = int32Member(text, "ver", members.ver ?? 1);
  into.body = bodyOf(text, members.body);
  into.operation = operation;
  into.sequence = sequence;
  into.version = version;
}

function int32Member(text: string, name: string, value: unknown): number {
  if (isInt32(value)) return value | 0;
  throw new ProtocolError(
    CloseCodes.protocolError,
    `Cannot read JSON frame: "${name}" must be an int32, current value is ` +
      excerpt(jsonMember(text, name) ?? "missing"),
  );
}

function bodyOf(text: string, value: unknown): Uint8Array {
  if (value === undefined || value === null || value === "") return EMPTY;
  const body = encoder.encode(typeof value === "string" ? value : jsonMember(text, "body"));
  if (body.length > Limits.upstreamBodyBytesMax) {
    throw new ProtocolError(
      CloseCodes.messageTooBig,
      `Cannot read JSON frame: "body" must be at most ${Limits.upstreamBodyBytesMax} bytes, ` +
        `current length is ${body.length}`,
    );
  }
  return body;
}

/**
 * Encodes a frame for goim's text mode: one JSON object with `ver`, `op`, `seq` and `body`, in this
 * order. What stands in `body`:
 *
 * | bytes of the body | `body` |
 * |---|---|
 * | none | `{}`, as in goim 1, whose clients read members of `body` without a look at it |
 * | 4 bytes of a heartbeat reply | the int32 as a number |
 * | JSON text | that JSON, as it is |
 * | other UTF-8 text | a string |
 * | anything else | base64 (RFC 4648 section 4), and `"encoding":"base64"` follows `body` |
 *
 * @param room Key of the further room that a push is for: it stands before `body`; empty for none.
 */
export function encodeJsonFrame(
  operation: number,
  sequence: number,
  body: Uint8Array,
  room = "",
): string {
  const named = room === "" ? "" : `"room":${JSON.stringify(room)},`;
  const head = `{"ver":1,"op":${operation},"seq":${sequence},${named}"body":`;
  if (body.length === 0) return `${head}{}}`;
  if (operation === Operation.HeartbeatReply && body.length === 4) {
    return `${head}${readInt32(body, 0)}}`;
  }
  const json = jsonOfBody(body);
  return json === undefined
    ? `${head}"${body.toBase64()}","encoding":"base64"}`
    : `${head}${json}}`;
}
