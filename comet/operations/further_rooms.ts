import { Operation } from "../../protocol/operations.ts";
import { RequestCode } from "../../protocol/request_codes.ts";
import { type Channel, Feature } from "../channel.ts";
import type { ConnectionManager } from "../connection_manager.ts";
import type { CometCounters } from "../counters.ts";
import { encodeNotice } from "../notices.ts";
import type { JoinRules } from "./join_rules.ts";
import type { Replies } from "./replies.ts";
import { joinFromOf, type RequestMembers, RequestRefused, roomOf } from "./request.ts";

/** When a client may try a full room again, in milliseconds. */
const FULL_RETRY_MS = 5_000;

/** Operations 64 and 66: a client joins rooms beside its primary one, and leaves them. */
export class FurtherRooms {
  constructor(
    private readonly connections: ConnectionManager,
    private readonly rules: JoinRules,
    private readonly counters: CometCounters,
    private readonly replies: Replies,
  ) {}

  /**
   * Joins a room and answers; the primary one becomes a further one.
   *
   * @throws {RequestRefused} By its promise.
   * @throws {Error} By its promise, when logic or the room's log cannot be asked.
   */
  async join(channel: Channel, sequence: number, members: RequestMembers): Promise<void> {
    const key = roomOf(members);
    const from = joinFromOf(members);
    this.#checkFeature(channel);
    if (channel.others.some(({ room }) => room.key === key)) {
      throw new RequestRefused(RequestCode.badRequest, "the connection is in the room already");
    }
    this.rules.limit.demand(channel);
    const { roomsMax } = this.connections.options;
    if (channel.others.length >= roomsMax) {
      this.counters.tooManyRooms++;
      const message = `a connection may be in at most ${roomsMax} further rooms`;
      throw new RequestRefused(RequestCode.limit, message);
    }
    if (!await this.rules.mayJoin(channel, key)) {
      throw new RequestRefused(RequestCode.refused, "the client may not join the room");
    }
    const ready = this.connections.memberships.prepare(key, from);
    if (ready !== undefined) await ready;
    if (!channel.isOpen) return;
    if (!channel.isIn(key) && this.rules.isFull(key)) {
      throw new RequestRefused(RequestCode.limit, "the room is full", FULL_RETRY_MS);
    }
    const joined = this.connections.memberships.join(channel, key, from);
    const { epoch, offset, recovered, missed } = joined;
    const online = this.#online(key);
    const body = { code: 0, room: key, epoch, offset, recovered, missed, online };
    this.replies.json(channel, Operation.JoinReply, sequence, body);
  }

  /**
   * Leaves a room and answers; the primary one too.
   *
   * @throws {RequestRefused} When the channel is not in it.
   */
  leave(channel: Channel, sequence: number, members: RequestMembers): void {
    const key = roomOf(members);
    this.#checkFeature(channel);
    if (!channel.isIn(key)) {
      throw new RequestRefused(RequestCode.badRequest, "the connection is not in the room");
    }
    this.connections.memberships.leave(channel, key);
    this.replies.json(channel, Operation.LeaveReply, sequence, { code: 0, room: key });
  }

  /** Tells a client that understands it how many are in its further rooms. */
  tellOnline(channel: Channel): void {
    const { others, features } = channel;
    if (others.length === 0 || (features & Feature.notices) === 0) return;
    const rooms = Object.fromEntries(
      others.map(({ room }) => [room.key, this.connections.rooms.online(room)]),
    );
    this.replies.write(channel, encodeNotice(channel.format, { type: "online", rooms }));
  }

  #online(key: string): number {
    const room = this.connections.rooms.get(key);
    return room === undefined ? 0 : this.connections.rooms.online(room);
  }

  #checkFeature(channel: Channel): void {
    if ((channel.features & Feature.rooms) !== 0) return;
    const message = 'the auth must name the feature "rooms"';
    throw new RequestRefused(RequestCode.badRequest, message);
  }
}
