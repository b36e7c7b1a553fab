import { Buffer } from "node:buffer";
import { assert } from "../../base/assert.ts";
import type { HistoryMessage, HistoryPage, HistoryQuery } from "../../protocol/history.ts";
import type { RoomPush } from "../../protocol/push_message.ts";
import { isMediaQuery } from "../history.ts";
import type { Retention } from "../ports.ts";
import { READ_HISTORY } from "./history_script.ts";
import { roomKeys } from "./room_script.ts";
import { partsOf, type RedisStore, type Reply, textOf } from "./store.ts";

const decoder = new TextDecoder();

/** What stands before a body, and before one in base64. */
const RAW = ":";
const BASE64 = "=";

/** What a message says between its time and its body; see `room_script.ts`. */
export function messageHeader({ operation, mid = 0n, mediaMs }: RoomPush, base64: boolean): string {
  const mark = base64 ? BASE64 : RAW;
  if (mediaMs !== undefined) return `${operation} ${mid} ${mediaMs}${mark}`;
  return mid === 0n ? `${operation}${mark}` : `${operation} ${mid}${mark}`;
}

/** Reads what a room has kept. */
export async function readHistory(
  store: RedisStore,
  partition: number,
  query: HistoryQuery,
  { sizeMax, ttlMs, by = "offset" }: Retention,
): Promise<HistoryPage> {
  const { last = Infinity, bytesMax } = query;
  const limit = Math.min(query.limit, last);
  const { state, log, media, segments } = roomKeys(partition, query.room);
  const keys = [state, log, media, ...(isMediaQuery(query) ? segments : [])];
  const run = async (query: HistoryQuery) => {
    const args = [sizeMax, ttlMs, by, limit, bytesMax, ...whichOf(query)].map(String);
    return partsOf(await store.run(READ_HISTORY, keys, args));
  };
  let reply = await run(query);
  // A page that is not empty says by itself where to go on.
  while (partsOf(reply[4]).length === 0 && reply.length > 5) {
    reply = await run({ ...query, fromMs: Number(reply[5]), after: Number(reply[6]) });
  }
  const [epoch, head, first, more, found] = reply;
  assert(typeof head === "number" && typeof first === "number", "offsets are numbers");
  const messages = partsOf(found).map(decodeMessage);
  if (isLast(query)) messages.reverse();
  return { epoch: textOf(epoch), head, first, messages, more: more === 1 };
}

function isLast(query: HistoryQuery): boolean {
  return query.last !== undefined && !isMediaQuery(query);
}

function whichOf(query: HistoryQuery): (string | number)[] {
  const { after = 0, fromMs = 0, toMs = "+inf" } = query;
  if (isMediaQuery(query)) return ["media", fromMs, toMs, after];
  return isLast(query) ? ["last"] : ["after", after];
}

/** Reads a message; see `room_script.ts`. */
function decodeMessage(reply: Reply): HistoryMessage {
  assert(reply instanceof Uint8Array, "a message is bytes");
  const end = reply.findIndex((byte) =>
    byte === RAW.charCodeAt(0) || byte === BASE64.charCodeAt(0)
  );
  const [offset, timeMs, operation, mid = "0", mediaMs] = decoder.decode(reply.subarray(0, end))
    .split(" ");
  const body = reply.subarray(end + 1);
  return {
    offset: Number(offset),
    operation: Number(operation),
    timeMs: Number(timeMs),
    mediaMs: mediaMs === undefined ? undefined : Number(mediaMs),
    mid: BigInt(mid),
    // A plain view: what came as a `Buffer` is nobody else's business.
    body: reply[end] === BASE64.charCodeAt(0)
      ? new Uint8Array(Buffer.from(decoder.decode(body), "base64"))
      : new Uint8Array(body.buffer, body.byteOffset, body.byteLength),
  };
}
