import { getLogger } from "@logtape/logtape";
import { type Clock, nextTurn } from "../base/clock.ts";
import type { Nodes, Sessions } from "../drivers/ports.ts";
import { applicationCodes, type CloseCode, CloseCodes } from "../protocol/close_codes.ts";
import { isUnknownMethod } from "../protocol/cluster/calls.ts";
import type { CometControl } from "../protocol/cluster/comet_calls.ts";
import type { DrainApi } from "../protocol/cluster/drain_calls.ts";
import type { ConnectionRef } from "../protocol/cluster/connection.ts";
import { parseRoomKey, roomKeyForm } from "../protocol/room_key.ts";
import { utf8Length } from "../protocol/utf8.ts";
import { BadRequest } from "./bad_request.ts";
import { checkTargets } from "./push.ts";

/** Where logic finds the comets. */
export interface Comets {
  /** The comet with this id, or undefined when it cannot be reached. */
  get(server: string): (CometControl & Partial<Pick<DrainApi, "drain">>) | undefined;
}

/**
 * Which connections are meant: all of some keys or of some users, these very ones, or all members
 * of a room.
 *
 * ```ts
 * import type { Connections } from "./mod.ts";
 *
 * const mine: Connections = { keys: ["phone", "laptop"] };
 * console.log(mine);
 * ```
 */
export type Connections =
  | { readonly keys: readonly string[] }
  | { readonly mids: readonly bigint[] }
  | { readonly connections: readonly OneConnection[] }
  | { readonly room: string };

/** One connection. */
type OneConnection = Pick<ConnectionRef, "server" | "connectionId">;

/** What became of connections that were to be closed. */
export interface Closed {
  readonly closed: number;
  /** How many were not since their comet cannot be reached; for a room, how many comets these are. */
  readonly failed: number;
}

/** Connections that are closed before the event loop gets a turn. */
const CLOSES_PER_TURN = 64;

/** Longest reason that fits a close frame of WebSocket, in bytes of UTF-8. */
const REASON_BYTES_MAX = 123;

const logger = getLogger(["halley", "logic"]);

/** Has connections closed by their comets. */
export class ConnectionCloser {
  constructor(
    private readonly sessions: Sessions,
    private readonly nodes: Pick<Nodes, "live">,
    private readonly comets: Comets,
    private readonly clock: Pick<Clock, "nextTurn">,
  ) {}

  /**
   * Closes connections as an application may.
   *
   * @throws {BadRequest} When there are too many, or an application must not close so.
   */
  async closeByApplication(which: Connections, close: CloseCode): Promise<Closed> {
    checkClose(close);
    return await this.closeAll(which, close);
  }

  /** @throws {BadRequest} When there are too many. */
  async closeAll(which: Connections, close: CloseCode): Promise<Closed> {
    if ("room" in which) return await this.#closeRoom(which.room, close);
    const connections = await this.#find(which);
    const closes: Promise<boolean>[] = [];
    for (const each of connections) {
      closes.push(this.close(each, close));
      if (closes.length % CLOSES_PER_TURN > 0) continue;
      await nextTurn(this.clock);
    }
    const all = await Promise.all(closes);
    const closed = all.filter((isClosed) => isClosed).length;
    return { closed, failed: all.length - closed };
  }

  /** @returns Whether the comet has done so; a connection that is gone is closed. */
  async close({ server, connectionId }: OneConnection, close: CloseCode): Promise<boolean> {
    const what = `connection ${connectionId}`;
    return await this.#ask(server, what, (comet) => comet.close({ connectionId, close })) !==
      FAILED;
  }

  async #find(
    which: Exclude<Connections, { readonly room: string }>,
  ): Promise<readonly OneConnection[]> {
    if ("keys" in which) {
      checkTargets("keys", which.keys.length);
      return await this.sessions.byKeys(which.keys);
    }
    if ("mids" in which) {
      checkTargets("mids", which.mids.length);
      return await this.sessions.byMids(which.mids);
    }
    checkTargets("connections", which.connections.length);
    return which.connections;
  }

  /** Asks every comet: which have members is known from reports alone, and late. */
  async #closeRoom(room: string, close: CloseCode): Promise<Closed> {
    if (parseRoomKey(room) === undefined) throw new BadRequest(`room must be ${roomKeyForm}`);
    const nodes = await this.nodes.live();
    const counts = await Promise.all(
      nodes.map(({ server }) =>
        this.#ask(server, `room ${room}`, (comet) => comet.closeRoom({ room, close }))
      ),
    );
    const closed = counts.filter((count) => count !== FAILED);
    return {
      closed: closed.reduce((sum, count) => sum + count, 0),
      failed: counts.length - closed.length,
    };
  }

  async #ask<Answer>(
    server: string,
    what: string,
    ask: (comet: CometControl) => Promise<Answer>,
  ): Promise<Answer | typeof FAILED> {
    try {
      const comet = this.comets.get(server);
      if (comet === undefined) throw new Error("its comet cannot be reached");
      return await ask(comet);
    } catch (error) {
      logger.warn("Cannot close {what} on {server}: {error}", {
        what,
        server,
        error: isUnknownMethod(error) ? "its comet is of an earlier version" : String(error),
      });
      return FAILED;
    }
  }
}

/** What was asked of a comet was not done, or nobody knows whether it was. */
const FAILED = Symbol();

function checkClose(close: CloseCode): void {
  const { code, reason } = close;
  const { min, max } = applicationCodes;
  const isOwn = Number.isInteger(code) && code >= min && code <= max;
  if (!isOwn && close !== CloseCodes.closedByApplication) {
    throw new BadRequest(`code must be ${min} to ${max}, current value is ${code}`);
  }
  if (utf8Length(reason) > REASON_BYTES_MAX) {
    throw new BadRequest(`reason must be at most ${REASON_BYTES_MAX} bytes of UTF-8`);
  }
}
