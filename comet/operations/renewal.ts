import { getLogger } from "@logtape/logtape";
import { CloseCodes } from "../../protocol/close_codes.ts";
import { ConnectRefused, type Permissions } from "../../protocol/cluster/connection.ts";
import type { LogicApi } from "../../protocol/cluster/logic_calls.ts";
import { EMPTY, type Frame } from "../../protocol/frame.ts";
import { Operation } from "../../protocol/operations.ts";
import { RequestCode } from "../../protocol/request_codes.ts";
import { type Channel, Feature } from "../channel.ts";
import type { ConnectionManager } from "../connection_manager.ts";
import type { CometCounters } from "../counters.ts";
import { mayJoin } from "../permissions.ts";
import type { Replies } from "./replies.ts";

const log = getLogger(["halley", "comet"]);

/**
 * Operation 7 on a connection that expires: with a fresh token it is let stay longer, as who it is.
 * While logic is asked the old expiry holds.
 */
export class Renewal {
  constructor(
    private readonly connections: ConnectionManager,
    private readonly logic: LogicApi,
    private readonly counters: CometCounters,
    private readonly replies: Replies,
  ) {}

  /** Handles the frame; the channel is busy until it is answered. */
  frame(channel: Channel, { body, sequence }: Frame): void {
    channel.busy = true;
    const { remoteAddress, headers } = channel;
    this.logic.renewAuth({
      ...this.connections.refOf(channel),
      token: body,
      remoteAddress,
      ...(headers && { headers }),
    }).then(
      (permissions) => this.#renewed(channel, sequence, permissions),
      (error) => this.#failed(channel, sequence, error),
    ).then(() => {
      channel.busy = false;
      if (channel.isOpen) channel.transport.resume(channel);
    });
  }

  #renewed(channel: Channel, sequence: number, permissions: Permissions): void {
    if (!channel.isOpen) return;
    this.connections.permit(channel, this.connections.permissions.of(permissions));
    const rooms = [channel.primary, ...channel.others];
    if (rooms.some((membership) => membership && !mayJoin(channel, membership.room.key))) {
      this.counters.joinsRefused++;
      return this.connections.close(channel, CloseCodes.roomRefused);
    }
    this.counters.renewals++;
    if ((channel.features & Feature.extended) === 0) {
      this.replies.send(channel, Operation.AuthReply, sequence, EMPTY);
    } else {
      const body = { code: 0, expires_ms: permissions.expiresInMs };
      this.replies.json(channel, Operation.AuthReply, sequence, body);
    }
  }

  /** Who is refused for good must go; where logic or a hook fails it stays until it expires. */
  #failed(channel: Channel, sequence: number, error: unknown): void {
    if (!channel.isOpen) return;
    if (error instanceof ConnectRefused && !error.close.reconnect) {
      this.counters.authFailures++;
      if (error.close.code === CloseCodes.authFailed.code) {
        this.connections.door.authFailed(channel.remoteAddress);
      }
      return this.connections.close(channel, error.close);
    }
    this.counters.renewalFailures++;
    log.warn("auth could not be renewed for a fault of the server: {error}", { error });
    const body = { code: RequestCode.failed, message: "the server failed, try again" };
    this.replies.json(channel, Operation.AuthReply, sequence, body);
  }
}
