import { Buffer } from "node:buffer";
import { assert } from "../../base/assert.ts";
import type { PushMessage } from "../../protocol/push_message.ts";
import type { PushEntry } from "../ports.ts";
import { fieldsOf, partsOf, textOf } from "./replies.ts";
import type { Argument, Reply } from "./store.ts";

/**
 * A push as the fields of a stream's entry, which people can read: the kind, the operation, whom it
 * is for, and the body, in base64 where only text gets through.
 */
export function encodeEntry(message: PushMessage, base64: boolean): Argument[] {
  const { kind, operation, body } = message;
  const fields: Argument[] = ["kind", kind, "operation", String(operation)];
  if (kind === "room") fields.push("room", message.room);
  else if (kind === "keys") {
    fields.push("server", message.server, "keys", JSON.stringify(message.keys));
  } else fields.push("speed", String(message.speed));
  if (base64) fields.push("body64", Buffer.from(body).toString("base64"));
  else fields.push("body", body);
  return fields;
}

/** Reads an entry as a script answers it: id, and fields and values in turn. */
export function decodeEntry(reply: Reply): PushEntry {
  const [id, parts] = partsOf(reply);
  const position = positionOf(textOf(id));
  const [fields, body] = split(partsOf(parts));
  const operation = Number(fields.get("operation"));
  switch (fields.get("kind")) {
    case "room":
      return { position, message: { kind: "room", room: fields.get("room")!, operation, body } };
    case "keys": {
      const server = fields.get("server")!;
      const keys = JSON.parse(fields.get("keys")!);
      return { position, message: { kind: "keys", server, keys, operation, body } };
    }
    case "broadcast": {
      const speed = Number(fields.get("speed"));
      return { position, message: { kind: "broadcast", speed, operation, body } };
    }
  }
  throw new Error(`Cannot read push ${position}: kind must be one of room, keys, broadcast`);
}

/** The id of the entry at a position. */
export function idOf(position: number): string {
  return `${position}-0`;
}

function positionOf(id: string): number {
  const position = Number(id.slice(0, id.indexOf("-")));
  assert(Number.isSafeInteger(position), "an entry's id is its position and -0");
  return position;
}

/** The fields that are text, and the body. */
function split(parts: readonly Reply[]): [ReadonlyMap<string, string>, Uint8Array] {
  const last = parts.length - 2;
  const fields = new Map(fieldsOf(parts.slice(0, last)));
  const body = parts[last + 1];
  assert(body instanceof Uint8Array, "a body is bytes");
  if (textOf(parts[last]) === "body64") {
    return [fields, new Uint8Array(Buffer.from(textOf(body), "base64"))];
  }
  // A plain view: what came as a `Buffer` is nobody else's business.
  return [fields, new Uint8Array(body.buffer, body.byteOffset, body.byteLength)];
}
