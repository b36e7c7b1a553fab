import { Limits } from "./limits.ts";
import { parseRoomKey } from "./room_key.ts";

/** What holds for rooms of one type. */
export interface RoomOptions {
  /** What stands before `://` in a room's key; empty for a key without it, `*` for all the rest. */
  readonly type: string;
  /** Most members over all comets; 0 for any number. */
  readonly membersMax: number;
  /** Most messages that a room keeps; 0 for none. */
  readonly historySize: number;
  /** For how long a room keeps a message, in milliseconds. */
  readonly historyTtlMs: number;
  /**
   * What `historySize` bounds: every message, or those alone that have no media time, so that only
   * `historyTtlMs` ends the others.
   */
  readonly historyBy: "offset" | "media";
  /** What happens to a member that reads too slowly, where the room keeps history. */
  readonly slow: "catch-up" | "latest" | "drop";
  /** How often a room writes to its members at most, in milliseconds; 0 for each push at once. */
  readonly mergeWindowMs: number;
  /**
   * What becomes of clients' messages to a room: refused, handed to the application as in goim, or
   * pushed to the room, where the application may be asked first over HTTP.
   */
  readonly upstream: "off" | "log" | "publish" | "webhook";
  /** The operation of pushes that clients' messages become which name none, an int32. */
  readonly publishOperation: number;
  /** Most bytes of a client's message. */
  readonly messageBytesMax: number;
  /** How long a sender waits from one message to a room to the next, in milliseconds; 0 for not. */
  readonly slowModeMs: number;
  /** How long a sender may not say the same to a room again, in milliseconds; 0 for not. */
  readonly duplicateWindowMs: number;
  /** What becomes of a message about which the application cannot be asked. */
  readonly webhookFallback: "allow" | "refuse";
}

/** What holds for rooms where nobody says otherwise. */
export const roomDefaults: RoomOptions = {
  type: "*",
  membersMax: 0,
  historySize: 0,
  historyTtlMs: 86_400_000,
  historyBy: "offset",
  slow: "catch-up",
  mergeWindowMs: 0,
  upstream: "log",
  publishOperation: 1000,
  messageBytesMax: Limits.upstreamBodyBytesMax,
  slowModeMs: 0,
  duplicateWindowMs: 0,
  webhookFallback: "refuse",
};

/** The type that stands for all the rest. */
const REST = "*";

/** Options of rooms by their type. */
export class RoomTypes {
  #byType!: ReadonlyMap<string, RoomOptions>;
  #rest!: RoomOptions;

  /** @param types What differs from the defaults; no type twice. */
  constructor(types: readonly RoomOptions[]) {
    this.replace(types);
  }

  /** Lets other options hold from now on. */
  replace(types: readonly RoomOptions[]): void {
    this.#byType = new Map(types.map((options) => [options.type, options]));
    this.#rest = this.#byType.get(REST) ?? roomDefaults;
  }

  /** What holds for a room. */
  of(key: string): RoomOptions {
    return this.ofType(parseRoomKey(key)?.type ?? "");
  }

  /** What holds for rooms of a type. */
  ofType(type: string): RoomOptions {
    return this.#byType.get(type) ?? this.#rest;
  }
}
