import type { RoomOptions } from "../../protocol/room_options.ts";
import type { Channel } from "../channel.ts";
import type { Membership, Room } from "../room.ts";
import type { LogReader } from "./log_reader.ts";
import type { RoomLog } from "./room_log.ts";

/** A room that keeps history, while somebody is in it or on the way in. */
export interface LoggedRoom {
  readonly room: Room<Channel>;
  options: RoomOptions;
  readonly log: RoomLog;
  readonly reader: LogReader;
  /** Members that are not live. */
  readonly away: Set<Membership<Channel>>;
  /** Those of them that wait for the store. */
  readonly waiting: Set<Membership<Channel>>;
  /** How many are on the way in. */
  joining: number;
  /** Whether it had neither members nor anyone on the way in at the last look. */
  isIdle: boolean;
}
