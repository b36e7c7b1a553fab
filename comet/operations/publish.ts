import { isCount } from "../../protocol/history_query.ts";
import { isInt32 } from "../../protocol/int32.ts";
import { bodyMember, readBody } from "../../protocol/json_body.ts";
import { isProtocolOperation, Operation } from "../../protocol/operations.ts";
import { isUnknownMethod } from "../../protocol/cluster/calls.ts";
import type { LogicApi } from "../../protocol/cluster/logic_calls.ts";
import type { ConnectionRef } from "../../protocol/cluster/connection.ts";
import type { PublishReply, PublishRequest } from "../../protocol/cluster/publish.ts";
import { jsonMember } from "../../protocol/json_object.ts";
import { isPublishId, mediaMsForm, publishIdForm } from "../../protocol/push_message.ts";
import { RequestCode } from "../../protocol/request_codes.ts";
import { decodeUtf8 } from "../../protocol/utf8.ts";
import type { Channel } from "../channel.ts";
import type { ConnectionManager } from "../connection_manager.ts";
import type { CometCounters } from "../counters.ts";
import { mayPublish } from "../permissions.ts";
import type { ChannelLimit } from "./channel_limit.ts";
import type { Replies } from "./replies.ts";
import {
  type RequestMembers,
  requestMembers,
  RequestRefused,
  roomOf,
  wrongMember,
} from "./request.ts";

/**
 * Operation 70: a client has a message pushed to a room that it is in; and goim's operation 4, which
 * does so with the primary room where the room's type says that messages are pushed.
 */
export class Publish {
  constructor(
    private readonly connections: ConnectionManager,
    private readonly logic: LogicApi,
    private readonly limit: ChannelLimit,
    private readonly counters: CometCounters,
    private readonly replies: Replies,
  ) {}

  /**
   * Publishes and answers.
   *
   * @param request Body of the frame; read before the promise is returned.
   * @throws {RequestRefused} By its promise.
   * @throws {Error} By its promise, when logic cannot be asked.
   */
  async publish(channel: Channel, sequence: number, request: Uint8Array): Promise<void> {
    const members = requestMembers(request);
    const own = String(channel.mid);
    const room = roomOf(members);
    if ((midOf(request, members) ?? own) !== own) {
      throw this.#forbidden("a connection must not publish for another mid than its own");
    }
    if (!channel.isIn(room)) throw this.#forbidden("the connection is not in the room");
    const operation = operationOf(members);
    const mediaMs = mediaMsOf(members);
    const publishId = idOf(members);
    const body = bodyOf(request, members);
    const reply = await this.#say(channel, { room, operation, body, mediaMs, publishId });
    if (channel.isOpen) {
      this.replies.jsonText(channel, Operation.PublishReply, sequence, answerOf(room, reply));
    }
  }

  /**
   * Publishes what goim's "send message" says into the primary room, and answers in goim's way.
   *
   * @param body Borrowed until the promise is returned.
   * @throws {RequestRefused} By its promise.
   * @throws {Error} By its promise, when logic cannot be asked.
   */
  async send(channel: Channel, sequence: number, body: Uint8Array): Promise<void> {
    const { reply } = await this.#say(channel, { room: channel.roomKey, body });
    if (channel.isOpen) {
      this.replies.send(channel, Operation.SendMessageReply, sequence, reply);
    }
  }

  /** Whether goim's "send message" is for the primary room, and not the application's alone. */
  takesMessagesOf({ roomKey }: Channel): boolean {
    return roomKey !== "" && this.connections.roomTypes.of(roomKey).upstream !== "log";
  }

  /** Has logic take a message that is within the limits. */
  async #say(
    channel: Channel,
    message: Omit<PublishRequest, keyof ConnectionRef>,
  ): Promise<PublishReply> {
    if (!mayPublish(channel, message.room)) {
      throw this.#forbidden("the client may not publish to the room");
    }
    this.#checkLimits(channel, message);
    const request = { ...this.connections.refOf(channel), ...message };
    const reply = await this.logic.publish(request).catch(explain);
    if (reply.code !== 0) throw this.#refusal(reply);
    this.counters.published++;
    return reply;
  }

  /** Checks a message's length, and counts it against the connection's rate. */
  #checkLimits(
    channel: Channel,
    { room, body }: Pick<PublishRequest, "room" | "body">,
  ): void {
    const { messageBytesMax } = this.connections.roomTypes.of(room);
    if (body.length > messageBytesMax) {
      const message = `a message must be at most ${messageBytesMax} bytes, current length is `;
      throw new RequestRefused(RequestCode.badRequest, message + body.length);
    }
    this.limit.demand(channel);
  }

  #forbidden(message: string): RequestRefused {
    this.counters.publishesRefused++;
    return new RequestRefused(RequestCode.refused, message);
  }

  #refusal({ code, message, retryMs }: PublishReply): RequestRefused {
    if (code !== RequestCode.failed) this.counters.publishesRefused++;
    return new RequestRefused(code, message, retryMs);
  }
}

/** @throws {unknown} What logic failed with, in other words where those help. */
function explain(error: unknown): never {
  if (!isUnknownMethod(error)) throw error;
  const message = "no logic takes messages to rooms: all are of an earlier version";
  throw new RequestRefused(RequestCode.failed, message);
}

/** Text, or digits as they were written: a JavaScript number is exact up to 2^53 alone. */
function midOf(request: Uint8Array, members: RequestMembers): string | undefined {
  const { mid } = members;
  if (mid === undefined || typeof mid === "string") return mid;
  return jsonMember(decodeUtf8(request)!, "mid");
}

/** Operations of the protocol itself mean something to clients that nobody but the server may say. */
function operationOf({ op }: RequestMembers): number | undefined {
  if (op === undefined || (isInt32(op) && !isProtocolOperation(op))) return op;
  throw wrongMember("op", "an int32 that is not of the protocol (0 to 17, 64 to 75)", op);
}

function mediaMsOf({ media_ms: mediaMs }: RequestMembers): number | undefined {
  if (mediaMs === undefined || isCount(mediaMs)) return mediaMs;
  throw wrongMember("media_ms", mediaMsForm, mediaMs);
}

function idOf({ id }: RequestMembers): string | undefined {
  if (id === undefined || isPublishId(id)) return id;
  throw wrongMember("id", publishIdForm, id);
}

function bodyOf(request: Uint8Array, members: RequestMembers): Uint8Array {
  const body = readBody(decodeUtf8(request)!, members) ??
    { wrong: "one of body and body_base64 must be given" };
  if ("wrong" in body) throw new RequestRefused(RequestCode.badRequest, body.wrong);
  return body;
}

function answerOf(room: string, { epoch, offset, reply }: PublishReply): string {
  const answer = JSON.stringify({ code: 0, room, epoch, offset });
  if (reply.length === 0) return answer;
  return `${answer.slice(0, -1)},${bodyMember("reply", reply)}}`;
}
