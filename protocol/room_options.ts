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
  /** What happens to a member that reads too slowly, where the room keeps history. */
  readonly slow: "catch-up" | "latest" | "drop";
  /** How often a room writes to its members at most, in milliseconds; 0 for each push at once. */
  readonly mergeWindowMs: number;
}

/** What holds for rooms where nobody says otherwise. */
export const roomDefaults: RoomOptions = {
  type: "*",
  membersMax: 0,
  historySize: 0,
  historyTtlMs: 86_400_000,
  slow: "catch-up",
  mergeWindowMs: 0,
};

/** The type that stands for all the rest. */
const REST = "*";

/** Options of rooms by their type. */
export class RoomTypes {
  readonly #byType: ReadonlyMap<string, RoomOptions>;
  readonly #rest: RoomOptions;

  /** @param types What differs from the defaults; no type twice. */
  constructor(types: readonly RoomOptions[]) {
    this.#byType = new Map(types.map((options) => [options.type, options]));
    this.#rest = this.#byType.get(REST) ?? roomDefaults;
  }

  /** What holds for a room. */
  of(key: string): RoomOptions {
    return this.#byType.get(parseRoomKey(key)?.type ?? "") ?? this.#rest;
  }
}
