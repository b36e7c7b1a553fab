/** What a show asks of the HTTP API that goim's does not have. */
import type { HistoryAnswer, HistoryEntry } from "../client/rooms.ts";
import { parseRoomKey } from "../protocol/room_key.ts";
import { parsed, type ServerApi } from "./server_api.ts";

/** Most messages of a page. */
const PAGE_MAX = 1_000;

/** Where a room of the demo page can be watched; undefined where there is no such page. */
export async function watchUrl(
  api: ServerApi,
  keys: readonly string[],
): Promise<string | undefined> {
  const room = keys.find((key) => key.startsWith("demo://"));
  if (room === undefined) return undefined;
  const path = `/demo?room=${encodeURIComponent(room)}`;
  return (await api.get(path)).ok ? api.urls[0] + path : undefined;
}

/**
 * Mutes a client in all rooms.
 *
 * @param forMs How long, in milliseconds.
 * @returns Whether the server can.
 */
export async function mute(api: ServerApi, client: number, forMs: number): Promise<boolean> {
  const body = JSON.stringify({ mid: String(client + 1), for_ms: Math.round(forMs) });
  return parsed((await api.get("/v1/mute", { method: "POST", body })).text).code === 0;
}

/** What a room has kept of a part of the video. */
export interface MediaPart extends Pick<HistoryAnswer, "epoch" | "first"> {
  readonly messages: readonly HistoryEntry[];
}

/**
 * Asks for all that a room has kept of a part of the video.
 *
 * @param fromMs The media time from which on.
 * @param toMs And up to which, without it.
 * @returns Undefined where it keeps nothing.
 */
export async function mediaPart(
  api: ServerApi,
  key: string,
  fromMs: number,
  toMs: number,
): Promise<MediaPart | undefined> {
  const { type, id: room } = parseRoomKey(key)!;
  const query = { type, room, to_ms: String(toMs), limit: String(PAGE_MAX) };
  const messages: HistoryEntry[] = [];
  for (let behind: Record<string, string> = { from_ms: String(fromMs) };;) {
    const { text } = await api.get(
      `/goim/history/room?${new URLSearchParams({ ...query, ...behind })}`,
    );
    const { code, data } = parsed<HistoryAnswer>(text);
    if (code !== 0 || !data) return undefined;
    messages.push(...data.messages);
    const last = data.messages.at(-1);
    if (!data.more || last === undefined) return { ...data, messages };
    behind = { from_ms: String(last.media_ms), after: String(last.offset) };
  }
}
