import type { PushLog, Retention } from "../drivers/ports.ts";
import type { HistoryPage, HistoryQuery } from "../protocol/history.ts";
import { historyQuery, type HistoryRange } from "../protocol/history_query.ts";
import { Limits } from "../protocol/limits.ts";
import { partitionOfRoom } from "../protocol/push_message.ts";
import { parseRoomKey, roomKeyForm } from "../protocol/room_key.ts";
import type { RoomTypes } from "../protocol/room_options.ts";
import { BadRequest } from "./bad_request.ts";

/** What rooms have kept. */
export class History {
  constructor(private readonly log: PushLog, private readonly roomTypes: RoomTypes) {}

  /** How much a room keeps; nothing when it keeps no history. */
  retentionOf(room: string): Retention | undefined {
    const { historySize: sizeMax, historyTtlMs: ttlMs, historyBy: by } = this.roomTypes.of(room);
    return sizeMax === 0 ? undefined : { sizeMax, ttlMs, by };
  }

  /**
   * Reads what a caller from outside asks for.
   *
   * @param room Room key.
   * @returns Nothing where rooms of its type keep no history.
   * @throws {BadRequest} When the room or the range is wrong.
   */
  async ask(room: string, range: HistoryRange): Promise<HistoryPage | undefined> {
    if (parseRoomKey(room) === undefined) throw new BadRequest(`room must be ${roomKeyForm}`);
    const query = historyQuery(room, range, Limits.historyPageBytesMax);
    if ("wrong" in query) throw new BadRequest(query.wrong);
    return this.retentionOf(room) && await this.read(query);
  }

  /**
   * Reads what a room has kept; a page without messages where its type keeps no history. A page
   * stays within the limits of pages, whatever is asked for.
   */
  async read(query: HistoryQuery): Promise<HistoryPage> {
    const { room } = query;
    const retention = this.retentionOf(room);
    if (retention === undefined) return { epoch: "", head: 0, first: 1, messages: [], more: false };
    const limit = Math.min(query.limit, Limits.historyPageMessagesMax);
    const bytesMax = Math.min(query.bytesMax, Limits.historyPageBytesMax);
    const partition = partitionOfRoom(room, this.log.partitions);
    return await this.log.readHistory(partition, { ...query, limit, bytesMax }, retention);
  }
}
