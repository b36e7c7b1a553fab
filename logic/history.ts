import type { PushLog, Retention } from "../drivers/ports.ts";
import type { HistoryPage, HistoryQuery } from "../protocol/history.ts";
import { partitionOfRoom } from "../protocol/push_message.ts";
import type { RoomTypes } from "../protocol/room_options.ts";

/** What rooms have kept. */
export class History {
  constructor(private readonly log: PushLog, private readonly roomTypes: RoomTypes) {}

  /** How much a room keeps; nothing when it keeps no history. */
  retentionOf(room: string): Retention | undefined {
    const { historySize, historyTtlMs } = this.roomTypes.of(room);
    return historySize === 0 ? undefined : { sizeMax: historySize, ttlMs: historyTtlMs };
  }

  /** Reads what a room has kept; a page without messages where its type keeps no history. */
  async read(query: HistoryQuery): Promise<HistoryPage> {
    const retention = this.retentionOf(query.room);
    if (retention === undefined) return { epoch: "", head: 0, first: 1, messages: [], more: false };
    const partition = partitionOfRoom(query.room, this.log.partitions);
    return await this.log.readHistory(partition, query, retention);
  }
}
