import { getLogger } from "@logtape/logtape";
import { CloseCodes } from "../../protocol/close_codes.ts";
import { ConnectRefused, type ConnectReply } from "../../protocol/cluster/connection.ts";
import type { LogicApi } from "../../protocol/cluster/logic_calls.ts";
import { EMPTY, type Frame } from "../../protocol/frame.ts";
import { Operation } from "../../protocol/operations.ts";
import { type Channel, ChannelState } from "../channel.ts";
import type { ConnectionManager } from "../connection_manager.ts";
import type { CometCounters } from "../counters.ts";
import type { ChannelPermissions } from "../permissions.ts";
import type { JoinRules } from "./join_rules.ts";
import type { Replies } from "./replies.ts";

const log = getLogger(["halley", "comet"]);

/** Operation 7: logic says who a client is, and in which room it begins. */
export class Auth {
  constructor(
    private readonly connections: ConnectionManager,
    private readonly logic: LogicApi,
    private readonly counters: CometCounters,
    private readonly rules: JoinRules,
    private readonly replies: Replies,
  ) {}

  /** Handles the frame; the channel is busy until it is answered. */
  frame(channel: Channel, frame: Frame): void {
    const { sequence } = frame;
    channel.busy = true;
    this.logic.connect({
      server: this.connections.server,
      connectionId: channel.id,
      token: frame.body,
      remoteAddress: channel.remoteAddress,
      ...(channel.headers && { headers: channel.headers }),
    }).then(
      (client) => this.#accepted(channel, sequence, client),
      (error) => this.#refused(channel, error),
    );
  }

  /** Logic accepts the client; its room may have to be made ready first. */
  #accepted(channel: Channel, sequence: number, client: ConnectReply): void {
    this.rules.asksLogic ||= client.asksJoins;
    // Now: it expires so long after logic has said so.
    const permissions = this.connections.permissions.of(client);
    const enter = () => this.#authenticated(channel, sequence, client, permissions);
    const ready = this.connections.memberships.prepare(client.room, client.extras);
    if (ready === undefined) return enter();
    ready.then(
      enter,
      (error) => {
        this.#refused(channel, error);
        this.#forget(channel, client);
      },
    );
  }

  #authenticated(
    channel: Channel,
    sequence: number,
    client: ConnectReply,
    permissions: ChannelPermissions | null,
  ): void {
    channel.busy = false;
    if (channel.state === ChannelState.handshaking && this.rules.isFull(client.room)) {
      this.connections.close(channel, CloseCodes.roomFull);
    }
    if (channel.state !== ChannelState.handshaking) return this.#forget(channel, client);
    const joined = this.connections.authenticated(channel, client, permissions);
    if (client.extras === undefined) {
      this.replies.send(channel, Operation.AuthReply, sequence, EMPTY);
    } else {
      const { key, roomKey: room } = channel;
      const { epoch, offset, recovered, missed } = joined;
      this.replies.json(channel, Operation.AuthReply, sequence, {
        code: 0,
        // As text: many languages' numbers are exact up to 2^53 alone.
        mid: String(channel.mid),
        key,
        room,
        epoch,
        offset,
        recovered,
        missed,
        heartbeat_ms: this.connections.options.heartbeatIntervalMs,
        expires_ms: client.expiresInMs,
      });
    }
    channel.transport.resume(channel);
  }

  /** Has logic forget a client that did not get in. */
  #forget(channel: Channel, client: ConnectReply): void {
    this.logic.disconnect(this.connections.refOf(channel, client))
      .catch(() => this.counters.logicFailures++);
  }

  #refused(channel: Channel, error: unknown): void {
    channel.busy = false;
    this.counters.authFailures++;
    if (error instanceof ConnectRefused) {
      this.connections.door.authRefused(channel, error.close);
      this.connections.close(channel, error.close);
      return;
    }
    log.error("auth failed for a fault of the server: {error}", { error });
    this.connections.close(channel, CloseCodes.internalError);
  }
}
