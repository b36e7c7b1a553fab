import { type CloseCode, CloseCodes } from "../protocol/close_codes.ts";
import type { Blocked } from "../protocol/cluster/connection.ts";
import type { HistoryPage, StreamPosition } from "../protocol/history.ts";
import type { HistoryRange } from "../protocol/history_query.ts";
import type { Connections } from "./connection_closer.ts";
import type { Logic } from "./logic.ts";
import type { PushOptions, RoomPushOptions } from "./push_options.ts";

const encoder = new TextEncoder();

/**
 * What a program may ask of the server that it embeds. A body is bytes, which must never change
 * afterwards, or text, which is sent as UTF-8. A push whose promise settles will be delivered.
 */
export class Backend {
  /** @ignore */
  constructor(private readonly logic: Logic) {}

  /**
   * Pushes to the connections of some keys that accept the operation; keys that are nobody's are
   * passed over.
   *
   * @param operation What clients see in the frame: an int32 but 0.
   * @throws {BadRequest} When a parameter is wrong; then nothing was pushed.
   * @throws {PushLogFull} When too much waits to be delivered; then some may have been pushed to.
   */
  pushToKeys(
    operation: number,
    keys: readonly string[],
    body: Uint8Array | string,
    options?: PushOptions,
  ): Promise<void> {
    return this.logic.push.keys(operation, keys, bytesOf(body), options);
  }

  /** Pushes to every connection of some users; otherwise as {@linkcode Backend.pushToKeys}. */
  pushToMids(
    operation: number,
    mids: readonly bigint[],
    body: Uint8Array | string,
    options?: PushOptions,
  ): Promise<void> {
    return this.logic.push.mids(operation, mids, bytesOf(body), options);
  }

  /**
   * Pushes to every member of a room, such as `live://1000`, whatever operations it accepts.
   *
   * @returns Its place in the room's log; nothing where the room keeps no history.
   */
  pushToRoom(
    operation: number,
    room: string,
    body: Uint8Array | string,
    options?: RoomPushOptions,
  ): Promise<StreamPosition | undefined> {
    return this.logic.push.roomByKey(operation, room, bytesOf(body), options);
  }

  /**
   * Pushes to every connection that accepts the operation.
   *
   * @param speed Connections per second over the whole cluster; 0 is at once.
   */
  pushToAll(
    operation: number,
    body: Uint8Array | string,
    speed = 0,
    options?: PushOptions,
  ): Promise<void> {
    return this.logic.push.all(operation, speed, bytesOf(body), options);
  }

  /**
   * Reads part of what a room has kept: at most 1 MiB of bodies, though at least one message.
   *
   * @param room A room's key.
   * @param range What of it; without one, from the beginning.
   * @returns Nothing where rooms of its type keep no history.
   * @throws {BadRequest} When a parameter is wrong.
   * @throws {StoreUnavailable} When the store is away.
   */
  history(room: string, range: HistoryRange = {}): Promise<HistoryPage | undefined> {
    return this.logic.history.ask(room, range);
  }

  /**
   * How many are online, as comets last reported: every `report-interval`.
   *
   * @param room A room's key; without one, all connections are counted.
   */
  async online(room?: string): Promise<number> {
    const { connections, rooms } = await this.logic.online.view();
    return room === undefined ? connections : rooms.get(room) ?? 0;
  }

  /** How many are in each room that has members, by its key; otherwise as for `online`. */
  async onlineByRoom(): Promise<ReadonlyMap<string, number>> {
    return new Map((await this.logic.online.view()).rooms);
  }

  /**
   * Keeps a user from sending messages to rooms where these are pushed, in place of an earlier mute
   * in the same place.
   *
   * @param mid The user: an int64 but 0.
   * @param forMs For how long, 1 ms to 366 days.
   * @param room A room's key; without one, everywhere.
   * @throws {BadRequest} When a parameter is wrong.
   * @throws {StoreUnavailable} When the store is away, or has no room for one more.
   */
  mute(mid: bigint, forMs: number, room = ""): Promise<void> {
    return this.logic.moderator.mute(mid, forMs, room);
  }

  /**
   * Ends a mute: that of a room, or without one that of everywhere; the other stays.
   *
   * @returns Whether there was one.
   * @throws {BadRequest} When a parameter is wrong.
   * @throws {StoreUnavailable} When the store is away.
   */
  unmute(mid: bigint, room = ""): Promise<boolean> {
    return this.logic.moderator.unmute(mid, room);
  }

  /**
   * Closes connections. The hook `disconnected` is called for each, once it has ended.
   *
   * @param close What they are told; applications have the codes 4100 to 4999.
   * @returns How many there were, but for those whose comet cannot be reached.
   * @throws {BadRequest} When a parameter is wrong.
   */
  async closeConnections(
    which: Connections,
    close: CloseCode = CloseCodes.closedByApplication,
  ): Promise<number> {
    return (await this.logic.closer.closeByApplication(which, close)).closed;
  }

  /**
   * Keeps a user, or whoever has a key, from connecting for a time, in place of an earlier block of
   * the same, and closes its connections with code 4014. The hook `authenticate` is still asked.
   *
   * @param forMs For how long, 1 ms to 366 days.
   * @returns How many connections were closed, but for those whose comet cannot be reached.
   * @throws {BadRequest} When a parameter is wrong.
   * @throws {StoreUnavailable} When the store is away, or has no room for one more.
   */
  async block(who: Blocked, forMs: number): Promise<number> {
    return (await this.logic.blocks.block(who, forMs)).closed;
  }

  /**
   * Ends a block: that of a user or that of a key; the other stays.
   *
   * @returns Whether there was one.
   * @throws {BadRequest} When a parameter is wrong.
   * @throws {StoreUnavailable} When the store is away.
   */
  unblock(who: Blocked): Promise<boolean> {
    return this.logic.blocks.unblock(who);
  }
}

function bytesOf(body: Uint8Array | string): Uint8Array {
  return typeof body === "string" ? encoder.encode(body) : body;
}
