import { getLogger } from "@logtape/logtape";
import type { SessionLimits, Sessions } from "../drivers/ports.ts";
import { type AuthToken, parseAuthToken } from "../protocol/auth_token.ts";
import { CloseCodes } from "../protocol/close_codes.ts";
import { ProtocolError } from "../protocol/protocol_error.ts";
import type { CometApi } from "../protocol/cluster/comet_calls.ts";
import {
  type ConnectionRef,
  ConnectRefused,
  type ConnectReply,
  type ConnectRequest,
  ownKeyOf,
} from "../protocol/cluster/connection.ts";
import type { LogicCounters } from "./counters.ts";

/** Where logic finds the comets. */
export interface Comets {
  /** The comet with this id, or undefined when it cannot be reached. */
  get(server: string): CometApi | undefined;
}

const logger = getLogger(["halley", "logic"]);

/** Lets clients in and forgets them when they go. */
export class Connector {
  constructor(
    private readonly sessions: Sessions,
    private readonly comets: Comets,
    private readonly limits: SessionLimits,
    private readonly counters: LogicCounters,
  ) {}

  /**
   * Lets a client in by its token, and asks for the close of what had to make room for it.
   *
   * @throws {ConnectRefused} When the token or a limit forbids it.
   */
  async connect(request: ConnectRequest): Promise<ConnectReply> {
    const { mid, key: wanted, room, accepts } = this.#read(request.token);
    const { server, connectionId } = request;
    const key = wanted === "" ? ownKeyOf(server, connectionId) : wanted;
    const result = await this.sessions.add({ server, connectionId, mid, key }, this.limits);
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
    return { mid, key, room, accepts };
  }

  /** Forgets the session of exactly this connection; one that replaced it stays. */
  async disconnect(connection: ConnectionRef): Promise<void> {
    if (await this.sessions.remove(connection)) this.counters.disconnected++;
  }

  #read(token: Uint8Array): AuthToken {
    try {
      return parseAuthToken(token);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.counters.refusedTokens++;
      throw new ConnectRefused(error.close, error.message);
    }
  }

  async #evict({ server, connectionId }: ConnectionRef): Promise<void> {
    this.counters.evicted++;
    try {
      const comet = this.comets.get(server);
      if (comet === undefined) throw new Error("its comet cannot be reached");
      await comet.close(connectionId, CloseCodes.replaced);
    } catch (error) {
      this.counters.evictFailures++;
      logger.warn("Cannot close replaced connection {connectionId} on {server}: {error}", {
        connectionId,
        server,
        error: String(error),
      });
    }
  }
}
