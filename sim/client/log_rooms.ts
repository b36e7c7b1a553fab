import type { JoinAsk } from "../checkers/cursor.ts";
import type { ConnectPlan, LogPlan } from "../types.ts";

/** How far a client has come with one of its further rooms. */
export const RoomState = {
  out: 0,
  joining: 1,
  in: 2,
  leaving: 3,
} as const;
export type RoomState = typeof RoomState[keyof typeof RoomState];

/** A further room of a client. */
interface FurtherRoom {
  state: RoomState;
  /** What it joined with last. */
  ask: JoinAsk;
  /** When it asked for what is not answered yet; when it may ask again, where it was refused. */
  askedMs: number;
  /** Whether that took too long, which has been counted. */
  isLate: boolean;
}

/** How long after a refusal a client asks again, in milliseconds. */
const AGAIN_MS = 500;

/** The rooms of a client that keeps its places in their logs, by their indexes. */
export class LogRooms {
  /** The room whose pushes come plain; those that it has asked to change to, in that order. */
  primary: number;
  readonly moving: number[] = [];
  /** What it joined the primary room with. */
  ask: JoinAsk = {};
  readonly further = new Map<number, FurtherRoom>();
  /** Rooms of which it still gets what it missed, and up to which offset. */
  readonly behind = new Map<number, number>();
  /** When its connection was over while it was wanted; monotonic; 0 once it is live again. */
  cutMs = 0;
  /** Connections that are over. */
  connections = 0;

  constructor(primary: number, private readonly rooms: number, { roomsEach }: LogPlan) {
    this.primary = primary;
    for (let each = 1; each < Math.min(roomsEach, rooms); each++) {
      this.want((primary + each) % rooms);
    }
  }

  /** Whether it is in all the rooms where it is to be, and has what it missed. */
  get isLive(): boolean {
    if (this.behind.size > 0) return false;
    for (const { state } of this.further.values()) if (state !== RoomState.in) return false;
    return true;
  }

  /** Whether it waits for an answer to what it asked for at some time or before. */
  waitsSince(atMs: number): boolean {
    for (const room of this.further.values()) if (waitsSince(room, atMs)) return true;
    return false;
  }

  /** It is to be in a further room. */
  want(room: number): void {
    this.further.set(room, { state: RoomState.out, ask: {}, askedMs: 0, isLate: false });
  }

  /** The rooms that it may ask for now, since it is not in. */
  joinable(nowMs: number): number[] {
    if (this.further.size === 0) return [];
    return [...this.further].filter(([, { state, askedMs }]) =>
      state === RoomState.out && askedMs <= nowMs
    ).map(([room]) => room);
  }

  /** It asks for a further room. */
  asked(room: number, state: RoomState, ask: JoinAsk, nowMs: number): void {
    Object.assign(this.further.get(room)!, { state, ask, askedMs: nowMs, isLate: false });
  }

  /** It is refused for now. */
  refused(room: number, nowMs: number): void {
    this.asked(room, RoomState.out, {}, nowMs + AGAIN_MS);
  }

  /**
   * Waits no more for answers to what it asked for at some time or before.
   *
   * @returns How many there are.
   */
  late(atMs: number): number {
    if (this.further.size === 0) return 0;
    const late = [...this.further.values()].filter((room) => waitsSince(room, atMs));
    for (const room of late) room.isLate = true;
    return late.length;
  }

  /** A further room that it may leave. */
  get leavable(): number | undefined {
    for (const [room, { state }] of this.further) {
      if (state === RoomState.in && !this.moving.includes(room)) return room;
    }
    return undefined;
  }

  /** The next room in which it is not, nor on its way into; undefined when it is in all. */
  get nextRoom(): number | undefined {
    return this.#next((room) => !this.further.has(room));
  }

  /** The next room to which it may change: none that it is just joining or leaving. */
  get nextPrimary(): number | undefined {
    return this.#next((room) => (this.further.get(room)?.state ?? RoomState.in) === RoomState.in);
  }

  /** Its connection is over. */
  cut(): void {
    this.primary = this.moving.at(-1) ?? this.primary;
    this.moving.length = 0;
    this.further.delete(this.primary);
    this.behind.clear();
    for (const [room, { state }] of this.further) {
      if (state === RoomState.leaving) this.further.delete(room);
      else this.want(room);
    }
  }

  #next(isFree: (room: number) => boolean): number | undefined {
    const from = this.moving.at(-1) ?? this.primary;
    for (let ahead = 1; ahead < this.rooms; ahead++) {
      const room = (from + ahead) % this.rooms;
      if (room !== this.primary && !this.moving.includes(room) && isFree(room)) return room;
    }
    return undefined;
  }
}

function waitsSince({ state, askedMs, isLate }: FurtherRoom, atMs: number): boolean {
  return (state === RoomState.joining || state === RoomState.leaving) && askedMs <= atMs && !isLate;
}

/** The rooms of a client that keeps its places; undefined for goim's. */
export function logRoomsOf({ logs, rooms }: ConnectPlan, index: number): LogRooms | undefined {
  const isOne = logs !== undefined && (index * 0.618) % 1 < logs.share;
  return isOne ? new LogRooms(index % rooms, rooms, logs) : undefined;
}
