import { Buffer } from "node:buffer";
import { assert } from "../../base/assert.ts";
import type { PushMessage, RoomPush } from "../../protocol/push_message.ts";
import type { PushEntry } from "../ports.ts";
import { type Argument, fieldsOf, partsOf, type Reply, textOf } from "./store.ts";

/**
 * A push as the fields of a stream's entry, which people can read: the kind, the operation, whom it
 * is for, and the body, in base64 where only text gets through.
 */
export function encodeEntry(message: PushMessage, base64: boolean): Argument[] {
  const { kind, operation, body } = message;
  const fields: Argument[] = ["kind", kind, "operation", String(operation)];
  if (kind === "room") {
    const { room, mid, mediaMs } = message;
    fields.push("room", room);
    if (mid !== undefined) fields.push("mid", String(mid));
    if (mediaMs !== undefined) fields.push("media", String(mediaMs));
  } else if (kind === "keys") {
    fields.push("server", message.server, "keys", JSON.stringify(message.keys));
  } else fields.push("speed", String(message.speed));
  if (base64) fields.push("body64", Buffer.from(body).toString("base64"));
  else fields.push("body", body);
  return fields;
}

/** The id of an entry as a script answers it. */
export function entryId(reply: Reply): string {
  return textOf(partsOf(reply)[0]);
}

/**
 * Reads an entry as a script answers it: id, and fields and values in turn.
 *
 * @throws {Error} When it is none that {@linkcode encodeEntry} made.
 */
export function decodeEntry(reply: Reply): PushEntry {
  const position = positionOf(entryId(reply));
  const [fields, body] = split(partsOf(partsOf(reply)[1]));
  const field = (name: string) => {
    const value = fields.get(name);
    if (value === undefined) throw new Error(`Cannot read push ${position}: it has no ${name}`);
    return value;
  };
  const kind = field("kind");
  const operation = Number(field("operation"));
  switch (kind) {
    case "room":
      return {
        position,
        message: { kind, room: field("room"), operation, body, ...placeOf(fields) },
      };
    case "keys": {
      const keys = JSON.parse(field("keys"));
      return { position, message: { kind, server: field("server"), keys, operation, body } };
    }
    case "broadcast":
      return { position, message: { kind, speed: Number(field("speed")), operation, body } };
  }
  throw new Error(
    `Cannot read push ${position}: kind must be one of room, keys, broadcast, ` +
      `current value is "${kind}"`,
  );
}

/** What only some pushes to rooms have. */
function placeOf(
  fields: ReadonlyMap<string, string>,
): Pick<RoomPush, "mid" | "mediaMs" | "stream"> {
  const [mid, media, epoch] = ["mid", "media", "epoch"].map((name) => fields.get(name));
  return {
    ...(mid !== undefined && { mid: BigInt(mid) }),
    ...(media !== undefined && { mediaMs: Number(media) }),
    ...(epoch !== undefined && { stream: { epoch, offset: Number(fields.get("offset")) } }),
  };
}

/** The id of the entry at a position. */
export function idOf(position: number): string {
  return `${position}-0`;
}

function positionOf(id: string): number {
  const position = Number(id.slice(0, id.indexOf("-")));
  if (Number.isSafeInteger(position) && id === idOf(position)) return position;
  throw new Error(`Cannot read push ${id}: its id must be its position and -0`);
}

/** The fields that are text, and the body. */
function split(parts: readonly Reply[]): [ReadonlyMap<string, string>, Uint8Array] {
  const last = parts.length - 2;
  const fields = new Map(fieldsOf(parts.slice(0, last)));
  const name = textOf(parts[last]);
  const body = parts[last + 1];
  assert(body instanceof Uint8Array, "the values of an entry are bytes");
  if (name === "body64") return [fields, new Uint8Array(Buffer.from(textOf(body), "base64"))];
  if (name !== "body") throw new Error(`Cannot read push: its last field is ${name}, not its body`);
  // A plain view: what came as a `Buffer` is nobody else's business.
  return [fields, new Uint8Array(body.buffer, body.byteOffset, body.byteLength)];
}
