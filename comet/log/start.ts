import type { StreamPosition } from "../../protocol/history.ts";
import { Limits } from "../../protocol/limits.ts";
import type { RoomLog } from "./room_log.ts";

/** Which messages of before a member wants; none when it says nothing. */
export interface JoinFrom {
  /** All behind this one, which was its last. */
  readonly since?: StreamPosition;
  /** The latest so many. */
  readonly last?: number;
}

/** What a member gets of its room. */
export interface Joined {
  /** Of the room's log; empty where the room keeps no history, or never had a message. */
  readonly epoch: string;
  /** The offset behind which what is pushed now comes; 0 without history. */
  readonly offset: number;
  /** Whether it gets every message behind the one that was its last. */
  readonly recovered: boolean;
  /** How many messages of before, up to `offset`, it is sent next. */
  readonly missed: number;
}

/** What a member of a room gets of which no history is known. */
export function withoutHistory({ since }: JoinFrom): Joined {
  return { epoch: "", offset: 0, recovered: since === undefined, missed: 0 };
}

/** Whether a position may be one of the log's epoch; before its first message every log is one. */
export function isOfEpoch({ epoch, offset }: StreamPosition, log: RoomLog): boolean {
  return epoch === log.epoch || (epoch === "" && offset === 0);
}

/** Where a member begins that wants messages of before. */
export function startOf(log: RoomLog, { since, last }: JoinFrom): Joined {
  const { epoch, flushed: offset } = log;
  const kept = Math.max(0, offset + 1 - log.frames.first);
  if (since === undefined) {
    const missed = Math.min(last ?? 0, kept, Limits.historyMessagesMax);
    return { epoch, offset, recovered: true, missed };
  }
  if (!isOfEpoch(since, log) || since.offset > offset) {
    return { epoch, offset, recovered: false, missed: 0 };
  }
  const missed = offset - since.offset;
  if (missed <= kept) return { epoch, offset, recovered: true, missed };
  return { epoch, offset, recovered: false, missed: kept };
}
