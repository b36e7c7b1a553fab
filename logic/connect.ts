import { getLogger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import type { SessionLimits, Sessions } from "../drivers/ports.ts";
import { applicationCodes, type CloseCode, CloseCodes } from "../protocol/close_codes.ts";
import type { CometApi } from "../protocol/cluster/comet_calls.ts";
import {
  type ConnectionRef,
  ConnectRefused,
  type ConnectReply,
  type ConnectRequest,
  ownKeyOf,
  type Permissions,
  type RenewAuthRequest,
} from "../protocol/cluster/connection.ts";
import { matchesRoom } from "../protocol/room_patterns.ts";
import { RpcError } from "../protocol/rpc.ts";
import { utf8Length } from "../protocol/utf8.ts";
import { BadRequest } from "./bad_request.ts";
import type { LogicCounters } from "./counters.ts";
import type { CheckedIdentity } from "./hook_answers.ts";
import type { HookCalls } from "./hook_calls.ts";
import { checkTargets } from "./push.ts";

/** Where logic finds the comets. */
export interface Comets {
  /** The comet with this id, or undefined when it cannot be reached. */
  get(server: string): CometApi | undefined;
}

/**
 * Which connections are meant: all of some keys or of some users, or these very ones.
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
  | { readonly connections: readonly ConnectionRef[] };

/** Longest reason that fits a close frame of WebSocket, in bytes of UTF-8. */
const REASON_BYTES_MAX = 123;

const logger = getLogger(["halley", "logic"]);

/** Lets clients in and forgets them when they go. */
export class Connector {
  constructor(
    private readonly sessions: Sessions,
    private readonly comets: Comets,
    public limits: SessionLimits,
    private readonly hooks: HookCalls,
    private readonly clock: Pick<Clock, "wallMs">,
    private readonly counters: LogicCounters,
  ) {}

  /**
   * Lets a client in as whom the hooks say it is, and asks for the close of what had to make room
   * for it.
   *
   * @throws {ConnectRefused} When a hook or a limit forbids it.
   */
  async connect(request: ConnectRequest): Promise<ConnectReply> {
    const { server } = request;
    const comet = this.comets.get(server);
    const identity = await this.#identify(request);
    const { connection, room, accepts, extras } = identity;
    const permissions = this.#permissionsOf(identity);
    if (room !== "") await this.#authorizeRoom(connection, room, permissions);
    if (this.comets.get(server) !== comet) {
      // It may have asked another logic while hooks ran, and the connection may have ended since.
      throw new RpcError("lost", true, "Cannot store the session: its comet has gone");
    }
    const result = await this.sessions.add(connection, this.limits);
    if (!result.added) {
      this.counters.refusedLimits++;
      const { perMidMax, perKeyMax } = this.limits;
      throw new ConnectRefused(
        CloseCodes.tooManyConnections,
        `Cannot connect: a mid must have at most ${perMidMax} connections and a key ${perKeyMax}`,
      );
    }
    this.counters.connected++;
    // Not awaited: a comet that does not answer must not hold the newcomer up.
    for (const old of result.evicted) void this.#evict(old);
    const { mid, key } = connection;
    const { asksJoins } = this.hooks;
    return { mid, key, room, accepts, asksJoins, ...(extras && { extras }), ...permissions };
  }

  /**
   * Asks once more who a client is, by its fresh token. Its session stays as it is.
   *
   * @returns What it may do from now on.
   * @throws {ConnectRefused} When the hooks refuse it, or it is another client's token.
   */
  async renewAuth({ mid, key, ...request }: RenewAuthRequest): Promise<Permissions> {
    const identity = await this.#identify(request, key);
    if (identity.connection.mid !== mid || identity.connection.key !== key) {
      throw this.#refusal("Cannot renew: the token is of another mid or key");
    }
    return this.#permissionsOf(identity);
  }

  /** Forgets what `connect` may have stored, by asking once more who the client is. */
  async undoConnect(request: ConnectRequest): Promise<void> {
    await this.disconnect((await this.#identify(request)).connection);
  }

  /** Forgets the session of exactly this connection; one that replaced it stays. */
  async disconnect(connection: ConnectionRef): Promise<void> {
    if (!await this.sessions.remove(connection)) return;
    this.counters.disconnected++;
    this.hooks.disconnected(connection);
  }

  /** @param ownKey The key of who has none of its own. */
  async #identify(
    request: ConnectRequest,
    ownKey = ownKeyOf(request.server, request.connectionId),
  ): Promise<CheckedIdentity & { readonly connection: ConnectionRef }> {
    const answer = await this.hooks.authenticate(request).catch(unavailable);
    if ("refuse" in answer) throw this.#refusal(answer.refuse);
    const { server, connectionId } = request;
    const { mid, key } = answer;
    return { ...answer, connection: { server, connectionId, mid, key: key || ownKey } };
  }

  #permissionsOf({ allowed, expiresAtMs }: CheckedIdentity): Permissions {
    if (expiresAtMs === undefined) return allowed;
    const expiresInMs = expiresAtMs - this.clock.wallMs();
    if (expiresInMs <= 0) throw this.#refusal("Cannot connect: the identity has expired");
    return { ...allowed, expiresInMs: Math.ceil(expiresInMs) };
  }

  #refusal(reason: string): ConnectRefused {
    this.counters.refusedTokens++;
    return new ConnectRefused(CloseCodes.authFailed, reason);
  }

  async #authorizeRoom(
    connection: ConnectionRef,
    room: string,
    { rooms }: Permissions,
  ): Promise<void> {
    const isAllowed = matchesRoom(rooms, room) &&
      await this.hooks.authorizeJoin(connection, room).catch(unavailable);
    if (isAllowed) return;
    this.counters.refusedJoins++;
    throw new ConnectRefused(CloseCodes.roomRefused, `Cannot connect: "${room}" is refused`);
  }

  async #evict(connection: ConnectionRef): Promise<void> {
    this.counters.evicted++;
    // Its session is gone: its comet will tell of its end in vain.
    if (await this.#close(connection, CloseCodes.replaced)) this.hooks.disconnected(connection);
    else this.counters.evictFailures++;
  }

  /**
   * Has connections closed by their comets.
   *
   * @returns How many there were, but for those whose comet cannot be reached.
   * @throws {BadRequest} When there are too many, or an application must not close so.
   */
  async closeAll(which: Connections, close: CloseCode): Promise<number> {
    checkClose(close);
    const connections = await this.#find(which);
    const closed = await Promise.all(connections.map((each) => this.#close(each, close)));
    return closed.filter((isClosed) => isClosed).length;
  }

  async #find(which: Connections): Promise<readonly ConnectionRef[]> {
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

  /**
   * Has a connection closed by its comet.
   *
   * @returns Whether its comet has done so; one that is gone is closed.
   */
  async #close({ server, connectionId }: ConnectionRef, close: CloseCode): Promise<boolean> {
    try {
      const comet = this.comets.get(server);
      if (comet === undefined) throw new Error("its comet cannot be reached");
      await comet.close({ connectionId, close });
      return true;
    } catch (error) {
      logger.warn("Cannot close connection {connectionId} on {server}: {error}", {
        connectionId,
        server,
        error: String(error),
      });
      return false;
    }
  }
}

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

/** A hook that fails is a fault of the server: the client should come back. */
function unavailable(): never {
  throw new ConnectRefused(CloseCodes.internalError, "Cannot connect: a hook failed");
}
