import type { Appended, PushLog, Retention, Sessions } from "../drivers/ports.ts";
import type { StreamPosition } from "../protocol/history.ts";
import { isInt32 } from "../protocol/int32.ts";
import { Limits } from "../protocol/limits.ts";
import { partitionOf, type PushMessage } from "../protocol/push_message.ts";
import { parseRoomKey, roomKey, roomKeyForm } from "../protocol/room_key.ts";
import type { ConnectionRef } from "../protocol/cluster/connection.ts";
import { BadRequest } from "./bad_request.ts";
import type { LogicCounters } from "./counters.ts";
import type { History } from "./history.ts";
import { checkOptions, type PushOptions, type RoomPushOptions } from "./push_options.ts";

/**
 * Takes pushes from back ends into the push log. A push whose call has settled is in the log. The
 * body is kept: it must never change afterwards.
 */
export class Push {
  constructor(
    private readonly log: PushLog,
    private readonly sessions: Sessions,
    private readonly history: History,
    private readonly counters: LogicCounters,
  ) {}

  /**
   * Pushes to the connections of some keys that accept the operation. A key that is nobody's is
   * passed over.
   *
   * @param operation What clients see in the frame: an int32 but 0.
   * @throws {BadRequest} When a parameter is wrong; then nothing was pushed.
   * @throws {PushLogFull} When the log is; then some comets' connections may have been pushed to.
   */
  keys(
    operation: number,
    keys: readonly string[],
    body: Uint8Array,
    options: PushOptions = {},
  ): Promise<void> {
    return this.#counted(async () => {
      checkPush(operation, body, options);
      checkTargets("keys", keys.length);
      await this.#toConnections(operation, await this.sessions.byKeys(keys), body, options);
    });
  }

  /** Pushes to every connection of some users; otherwise as {@linkcode Push.keys}. */
  mids(
    operation: number,
    mids: readonly bigint[],
    body: Uint8Array,
    options: PushOptions = {},
  ): Promise<void> {
    return this.#counted(async () => {
      checkPush(operation, body, options);
      checkTargets("mids", mids.length);
      await this.#toConnections(operation, await this.sessions.byMids(mids), body, options);
    });
  }

  /**
   * Pushes to every member of a room, whatever operations it accepts.
   *
   * @param type The kind of room, such as `live`.
   * @param id The room among its kind, such as `1000`.
   * @returns Its place in the room's log; nothing where the room keeps no history.
   * @throws {BadRequest} When a parameter is wrong.
   * @throws {PushLogFull} When the log is.
   */
  room(
    operation: number,
    type: string,
    id: string,
    body: Uint8Array,
    options: RoomPushOptions = {},
  ): Promise<StreamPosition | undefined> {
    return this.#counted(() => this.#toRoom(operation, checkedRoomKey(type, id), body, options));
  }

  /** Pushes to a room by its key, which may have no type; otherwise as {@linkcode Push.room}. */
  roomByKey(
    operation: number,
    room: string,
    body: Uint8Array,
    options: RoomPushOptions = {},
  ): Promise<StreamPosition | undefined> {
    return this.#counted(() => {
      if (parseRoomKey(room) === undefined) throw new BadRequest(`room must be ${roomKeyForm}`);
      return this.#toRoom(operation, room, body, options);
    });
  }

  /**
   * Pushes to every connection that accepts the operation.
   *
   * @param speed Connections per second over the whole cluster; 0 = at once.
   * @throws {BadRequest} When a parameter is wrong.
   * @throws {PushLogFull} When the log is.
   */
  all(
    operation: number,
    speed: number,
    body: Uint8Array,
    options: PushOptions = {},
  ): Promise<void> {
    return this.#counted(async () => {
      checkPush(operation, body, options);
      if (!isInt32(speed) || speed < 0) {
        throw new BadRequest(`speed must be 0 to 2147483647, current value is ${speed}`);
      }
      await this.#append({ kind: "broadcast", speed, operation, body }, options);
    });
  }

  /** Pushes a client's message to a room, which is counted by whoever takes these. */
  message(
    operation: number,
    room: string,
    body: Uint8Array,
    options: RoomPushOptions,
  ): Promise<StreamPosition | undefined> {
    return this.#toRoom(operation, room, body, options);
  }

  async #toRoom(
    operation: number,
    room: string,
    body: Uint8Array,
    options: RoomPushOptions,
  ): Promise<StreamPosition | undefined> {
    checkPush(operation, body, options);
    const { mediaMs, mid } = options;
    const said = { ...(mediaMs !== undefined && { mediaMs }), ...(mid !== undefined && { mid }) };
    const message = { kind: "room", room, operation, body, ...said } as const;
    const { stream } = await this.#append(message, options, this.history.retentionOf(room));
    return stream;
  }

  /** One comet that cannot be served does not keep the push from the others. */
  async #toConnections(
    operation: number,
    connections: readonly ConnectionRef[],
    body: Uint8Array,
    options: PushOptions,
  ): Promise<void> {
    const keysOf = new Map<string, Set<string>>();
    for (const { server, key } of connections) {
      const keys = keysOf.get(server);
      if (keys === undefined) keysOf.set(server, new Set([key]));
      else keys.add(key);
    }
    const appended = await Promise.allSettled(
      Array.from(
        keysOf,
        ([server, keys]) =>
          this.#append({ kind: "keys", server, keys: [...keys], operation, body }, options),
      ),
    );
    for (const result of appended) {
      if (result.status === "rejected") throw result.reason;
    }
    if (connections.length === 0) this.counters.pushesToNobody++;
  }

  #append(
    message: PushMessage,
    { id: publishId }: PushOptions,
    retention?: Retention,
  ): Promise<Appended> {
    const partition = partitionOf(message, this.log.partitions);
    return this.log.append(partition, message, { retention, publishId });
  }

  async #counted<Result>(push: () => Promise<Result>): Promise<Result> {
    try {
      const result = await push();
      this.counters.pushesAccepted++;
      return result;
    } catch (error) {
      if (error instanceof BadRequest) this.counters.pushesRefused++;
      else this.counters.pushesFailed++;
      throw error;
    }
  }
}

function checkPush(operation: number, body: Uint8Array, options: RoomPushOptions): void {
  if (!isInt32(operation) || operation === 0) {
    throw new BadRequest(`operation must be an int32 but 0, current value is ${operation}`);
  }
  if (body.byteLength > Limits.pushBodyBytesMax) {
    throw new BadRequest(
      `body must be at most ${Limits.pushBodyBytesMax} bytes, current value is ${body.byteLength}`,
    );
  }
  checkOptions(options);
}

/** @throws {BadRequest} When one call names too many. */
export function checkTargets(name: string, count: number): void {
  if (count <= Limits.pushTargetsMax) return;
  throw new BadRequest(
    `${name} must be at most ${Limits.pushTargetsMax}, current number is ${count}`,
  );
}

/** Only a room that a client can join: its key comes apart into the same type and id. */
function checkedRoomKey(type: string, id: string): string {
  const key = roomKey(type, id);
  const parsed = parseRoomKey(key);
  if (parsed !== undefined && parsed.type === type) return key;
  throw new BadRequest(
    `type and room must make a room key {type}://{room} of at most ${Limits.roomKeyCharsMax} ` +
      `characters, without "://" in type`,
  );
}
