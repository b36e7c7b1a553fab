import type { Clock } from "../base/clock.ts";
import type { SessionLimits, Sessions } from "../drivers/ports.ts";
import { CloseCodes } from "../protocol/close_codes.ts";
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
import type { Blocks } from "./blocks.ts";
import type { Comets, ConnectionCloser } from "./connection_closer.ts";
import type { LogicCounters } from "./counters.ts";
import type { CheckedIdentity } from "./hook_answers.ts";
import type { HookCalls } from "./hook_calls.ts";

/** Lets clients in and forgets them when they go. */
export class Connector {
  constructor(
    private readonly sessions: Sessions,
    private readonly comets: Comets,
    private readonly closer: ConnectionCloser,
    private readonly blocks: Blocks,
    public limits: SessionLimits,
    private readonly hooks: HookCalls,
    private readonly clock: Pick<Clock, "wallMs">,
    private readonly counters: LogicCounters,
  ) {}

  /**
   * Lets a client in as whom the hooks say it is, and asks for the close of what had to make room
   * for it.
   *
   * @throws {ConnectRefused} When a hook, a limit or a block forbids it.
   */
  async connect(request: ConnectRequest): Promise<ConnectReply> {
    const { server } = request;
    const comet = this.comets.get(server);
    const identity = await this.#identify(request);
    const { connection, room, accepts, extras } = identity;
    this.#refuseExpired(identity);
    if (room !== "") await this.#authorizeRoom(connection, room, identity.allowed);
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
    // Not awaited: a comet that does not answer must not hold the newcomer up.
    for (const old of result.evicted) void this.#evict(old);
    await this.#refuseBlocked(connection);
    this.counters.connected++;
    const { mid, key } = connection;
    const { asksJoins } = this.hooks;
    return {
      mid,
      key,
      room,
      accepts,
      asksJoins,
      ...(extras && { extras }),
      ...this.#permissionsOf(identity),
    };
  }

  /**
   * Asks once more who a client is, by its fresh token. Its session stays as it is.
   *
   * @returns What it may do from now on.
   * @throws {ConnectRefused} When the hooks refuse it, it is another client's token, or blocked.
   */
  async renewAuth({ mid, key, ...request }: RenewAuthRequest): Promise<Permissions> {
    const identity = await this.#identify(request, key);
    this.#refuseExpired(identity);
    if (identity.connection.mid !== mid || identity.connection.key !== key) {
      throw this.#refusal("Cannot renew: the token is of another mid or key");
    }
    await this.blocks.check(identity.connection);
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

  #refuseExpired({ expiresAtMs = Infinity }: CheckedIdentity): void {
    if (expiresAtMs > this.clock.wallMs()) return;
    throw this.#refusal("Cannot connect: the identity has expired");
  }

  #permissionsOf({ allowed, expiresAtMs }: CheckedIdentity): Permissions {
    if (expiresAtMs === undefined) return allowed;
    return { ...allowed, expiresInMs: Math.max(0, Math.ceil(expiresAtMs - this.clock.wallMs())) };
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
    const isClosed = await this.closer.close(connection, CloseCodes.replaced);
    if (isClosed) this.hooks.disconnected(connection);
    else this.counters.evictFailures++;
  }

  /** Takes the session back of who must not come in. */
  async #refuseBlocked(connection: ConnectionRef): Promise<void> {
    try {
      await this.blocks.check(connection);
    } catch (error) {
      await this.sessions.remove(connection);
      throw error;
    }
  }
}

/** A hook that fails is a fault of the server: the client should come back. */
function unavailable(): never {
  throw new ConnectRefused(CloseCodes.internalError, "Cannot connect: a hook failed");
}
