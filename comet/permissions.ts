import type { Clock } from "../base/clock.ts";
import type { Permissions } from "../protocol/cluster/connection.ts";
import { matchesRoom } from "../protocol/room_patterns.ts";
import { SharedList } from "./shared_list.ts";

/** Where a channel's identity lets it be, and until when. */
export interface ChannelPermissions {
  /** Patterns of the rooms that it may join or read; undefined: any. */
  readonly rooms: readonly string[] | undefined;
  /** Patterns of the rooms that it may publish to; undefined: what `rooms` says. */
  readonly publish: readonly string[] | undefined;
  /** Until when, on the comet's monotonic clock, in milliseconds; `Infinity` for good. */
  readonly expiresMs: number;
  /** Kept by renewals, of one that expires: up to when their rate is used, on the same clock. */
  renewedUntilMs: number;
}

/** A channel; with null it may do anything, for good. */
interface Permitted {
  readonly permissions: ChannelPermissions | null;
}

/** Whether its identity lets a channel join or read a room. */
export function mayJoin({ permissions }: Permitted, room: string): boolean {
  return permissions === null || matchesRoom(permissions.rooms, room);
}

/** Whether its identity lets a channel publish to a room. */
export function mayPublish({ permissions }: Permitted, room: string): boolean {
  return permissions === null || matchesRoom(permissions.publish ?? permissions.rooms, room);
}

/** Whether a channel is closed at some time unless it authenticates afresh. */
export function expires({ permissions }: Permitted): boolean {
  return permissions !== null && permissions.expiresMs !== Infinity;
}

/** Makes of what logic says what channels hold: as little as can be, since most may do the same. */
export class PermissionsMaker {
  readonly #rooms = new SharedList<string>();
  readonly #publish = new SharedList<string>();
  #lasting: ChannelPermissions | undefined;

  constructor(private readonly clock: Clock) {}

  /** @param said What logic has just said. */
  of(said: Permissions): ChannelPermissions | null {
    const rooms = said.rooms && this.#rooms.of(said.rooms);
    const publish = said.publish && this.#publish.of(said.publish);
    if (said.expiresInMs !== undefined) {
      const expiresMs = this.clock.monotonicMs() + said.expiresInMs;
      return { rooms, publish, expiresMs, renewedUntilMs: 0 };
    }
    if (rooms === undefined && publish === undefined) return null;
    if (this.#lasting?.rooms !== rooms || this.#lasting?.publish !== publish) {
      this.#lasting = { rooms, publish, expiresMs: Infinity, renewedUntilMs: 0 };
    }
    return this.#lasting!;
  }
}
