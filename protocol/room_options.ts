import { parseRoomKey } from "./room_key.ts";

/** What holds for rooms of one type. */
export interface RoomOptions {
  /** What stands before `://` in a room's key; empty for a key without it, `*` for all the rest. */
  readonly type: string;
  /** Most members over all comets; 0 for any number. */
  readonly membersMax: number;
}

/** The type that stands for all the rest. */
const REST = "*";

/** Options of rooms by their type. */
export class RoomTypes {
  readonly #byType: ReadonlyMap<string, RoomOptions>;
  readonly #rest: RoomOptions;

  /** @param types What differs from the defaults; no type twice. */
  constructor(types: readonly RoomOptions[]) {
    this.#byType = new Map(types.map((options) => [options.type, options]));
    this.#rest = this.#byType.get(REST) ?? { type: REST, membersMax: 0 };
  }

  /** What holds for a room. */
  of(key: string): RoomOptions {
    return this.#byType.get(parseRoomKey(key)?.type ?? "") ?? this.#rest;
  }
}
