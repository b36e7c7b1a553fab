import type { PushLog, Sessions } from "../drivers/ports.ts";
import { isInt32 } from "../protocol/int32.ts";
import { Limits } from "../protocol/limits.ts";
import { partitionOf, type PushMessage } from "../protocol/push_message.ts";
import { parseRoomKey, roomKey, roomKeyForm } from "../protocol/room_key.ts";
import type { ConnectionRef } from "../protocol/cluster/connection.ts";
import { BadRequest } from "./bad_request.ts";
import type { LogicCounters } from "./counters.ts";

/**
 * Takes pushes from back ends into the push log. A push whose call has settled is in the log. The
 * body is kept: it must never change afterwards.
 */
export class Push {
  constructor(
    private readonly log: PushLog,
    private readonly sessions: Sessions,
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
  keys(operation: number, keys: readonly string[], body: Uint8Array): Promise<void> {
    return this.#counted(async () => {
      checkPush(operation, body);
      checkTargets("keys", keys.length);
      await this.#toConnections(operation, await this.sessions.byKeys(keys), body);
    });
  }

  /** Pushes to every connection of some users; otherwise as {@linkcode Push.keys}. */
  mids(operation: number, mids: readonly bigint[], body: Uint8Array): Promise<void> {
    return this.#counted(async () => {
      checkPush(operation, body);
      checkTargets("mids", mids.length);
      await this.#toConnections(operation, await this.sessions.byMids(mids), body);
    });
  }

  /**
   * Pushes to every member of a room, whatever operations it accepts.
   *
   * @param type The kind of room, such as `live`.
   * @param id The room among its kind, such as `1000`.
   * @throws {BadRequest} When a parameter is wrong.
   * @throws {PushLogFull} When the log is.
   */
  room(operation: number, type: string, id: string, body: Uint8Array): Promise<void> {
    return this.#counted(async () => {
      checkPush(operation, body);
      await this.#append({ kind: "room", room: checkedRoomKey(type, id), operation, body });
    });
  }

  /** Pushes to a room by its key, which may have no type; otherwise as {@linkcode Push.room}. */
  roomByKey(operation: number, room: string, body: Uint8Array): Promise<void> {
    return this.#counted(async () => {
      checkPush(operation, body);
      if (parseRoomKey(room) === undefined) throw new BadRequest(`room must be ${roomKeyForm}`);
      await this.#append({ kind: "room", room, operation, body });
    });
  }

  /**
   * Pushes to every connection that accepts the operation.
   *
   * @param speed Connections per second over the whole cluster; 0 = at once.
   * @throws {BadRequest} When a parameter is wrong.
   * @throws {PushLogFull} When the log is.
   */
  all(operation: number, speed: number, body: Uint8Array): Promise<void> {
    return this.#counted(async () => {
      checkPush(operation, body);
      if (!isInt32(speed) || speed < 0) {
        throw new BadRequest(`speed must be 0 to 2147483647, current value is ${speed}`);
      }
      await this.#append({ kind: "broadcast", speed, operation, body });
    });
  }

  /** One comet that cannot be served does not keep the push from the others. */
  async #toConnections(operation: number, connections: readonly ConnectionRef[], body: Uint8Array) {
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
          this.#append({ kind: "keys", server, keys: [...keys], operation, body }),
      ),
    );
    for (const result of appended) {
      if (result.status === "rejected") throw result.reason;
    }
    if (connections.length === 0) this.counters.pushesToNobody++;
  }

  async #append(message: PushMessage): Promise<void> {
    await this.log.append(partitionOf(message, this.log.partitions), message);
  }

  async #counted(push: () => Promise<void>): Promise<void> {
    try {
      await push();
      this.counters.pushesAccepted++;
    } catch (error) {
      if (error instanceof BadRequest) this.counters.pushesRefused++;
      else this.counters.pushesFailed++;
      throw error;
    }
  }
}

function checkPush(operation: number, body: Uint8Array): void {
  if (!isInt32(operation) || operation === 0) {
    throw new BadRequest(`operation must be an int32 but 0, current value is ${operation}`);
  }
  if (body.byteLength > Limits.pushBodyBytesMax) {
    throw new BadRequest(
      `body must be at most ${Limits.pushBodyBytesMax} bytes, current value is ${body.byteLength}`,
    );
  }
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
