import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../base/clock.ts";
import { type Rate, used, waitMs } from "../../base/rate.ts";
import { CloseCodes } from "../../protocol/close_codes.ts";
import { ConnectRefused, type Permissions } from "../../protocol/cluster/connection.ts";
import type { LogicApi } from "../../protocol/cluster/logic_calls.ts";
import { EMPTY, type Frame } from "../../protocol/frame.ts";
import { Operation } from "../../protocol/operations.ts";
import { RequestCode } from "../../protocol/request_codes.ts";
import { type Channel, Feature } from "../channel.ts";
import type { ConnectionManager } from "../connection_manager.ts";
import type { CometCounters } from "../counters.ts";
import { type ChannelPermissions, expires, mayJoin } from "../permissions.ts";
import type { Replies } from "./replies.ts";

/** How often a connection may renew: each costs a signature, or a call of the application. */
const RENEWALS_MAX: Rate = { perSecond: 1, burst: 5 };

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
    private readonly clock: Clock,
  ) {}

  /**
   * Handles the frame.
   *
   * @returns Whether the next one may follow at once.
   */
  frame(channel: Channel, { body, sequence }: Frame): boolean {
    const retryMs = this.#admit(channel.permissions!);
    if (retryMs > 0) {
      this.counters.renewalsTooMany++;
      const answer = { code: RequestCode.limit, message: "too many renewals", retry_ms: retryMs };
      this.replies.json(channel, Operation.AuthReply, sequence, answer);
      return true;
    }
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
    return false;
  }

  /** @returns 0 when it may renew, or else when it may, in milliseconds from now. */
  #admit(permissions: ChannelPermissions): number {
    const { renewedUntilMs } = permissions;
    const nowMs = this.clock.monotonicMs();
    const retryMs = waitMs(RENEWALS_MAX, renewedUntilMs, nowMs);
    if (retryMs === 0) permissions.renewedUntilMs = used(RENEWALS_MAX, renewedUntilMs, nowMs);
    return retryMs;
  }

  #renewed(channel: Channel, sequence: number, permissions: Permissions): void {
    if (!channel.isOpen) return;
    const { renewedUntilMs } = channel.permissions!;
    this.connections.permit(channel, this.connections.permissions.of(permissions));
    if (expires(channel)) channel.permissions!.renewedUntilMs = renewedUntilMs;
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
      this.connections.door.authRefused(channel, error.close);
      return this.connections.close(channel, error.close);
    }
    this.counters.renewalFailures++;
    log.warn("auth could not be renewed for a fault of the server: {error}", { error });
    const body = { code: RequestCode.failed, message: "the server failed, try again" };
    this.replies.json(channel, Operation.AuthReply, sequence, body);
  }
}
