import { createHash } from "node:crypto";
import { getLogger } from "@logtape/logtape";
import { assert } from "../../base/assert.ts";
import {
  type Admission,
  type AdmissionRules,
  type Moderation,
  PushLogFull,
  StoreUnavailable,
} from "../../drivers/ports.ts";
import type { ConnectionRef, ReceivedFrame } from "../../protocol/cluster/connection.ts";
import type { PublishReply, PublishRequest } from "../../protocol/cluster/publish.ts";
import { isProtocolOperation, Operation } from "../../protocol/operations.ts";
import { RequestCode } from "../../protocol/request_codes.ts";
import type { RoomOptions, RoomTypes } from "../../protocol/room_options.ts";
import { BadRequest } from "../bad_request.ts";
import type { LogicCounters } from "../counters.ts";
import type { Verdict } from "../hook_answers.ts";
import { type HookCalls, HookFailed } from "../hook_calls.ts";
import type { UpstreamMessage } from "../hooks.ts";
import type { Push } from "../push.ts";
import { checkOptions } from "../push_options.ts";
import { notTaken, replyBody, taken } from "./answers.ts";
import { WebhookFailed } from "../webhook/client.ts";
import type { Webhook } from "./webhook.ts";

/** What is said to who may not send a message now, and where it is counted. */
const NOT_ADMITTED = {
  muted: {
    code: RequestCode.refused,
    message: "the user is muted",
    counter: "messagesMuted",
  },
  duplicate: {
    code: RequestCode.limit,
    message: "the same was said a moment ago",
    counter: "messagesRepeated",
  },
  "slow-mode": {
    code: RequestCode.limit,
    message: "slow mode: the next message may not come yet",
    counter: "messagesInSlowMode",
  },
  rate: {
    code: RequestCode.limit,
    message: "too many messages",
    counter: "messagesOverRate",
  },
} as const;

/** How many messages a user may send to rooms, over all comets. */
export type MidRate = Pick<AdmissionRules, "perSecondMax" | "burst">;

/** Dependencies of what takes clients' messages. */
export interface UpstreamDependencies {
  readonly hooks: HookCalls;
  readonly moderation: Moderation;
  readonly push: Push;
  /** Where the application is asked about messages to rooms with the upstream `webhook`. */
  readonly webhook: () => Webhook | undefined;
  readonly roomTypes: RoomTypes;
  readonly midRate: () => MidRate;
  readonly counters: LogicCounters;
}

const logger = getLogger(["halley", "logic"]);

/**
 * Takes what clients send up. A message to a room goes the way that `upstream` of the room's type
 * says; whatever else they send is the application's, as in goim.
 */
export class Upstream {
  constructor(private readonly parts: UpstreamDependencies) {}

  /**
   * Takes a frame.
   *
   * @returns The body of the reply.
   */
  async receive(frame: ReceivedFrame): Promise<Uint8Array> {
    const { server, connectionId, mid, key, room, operation } = frame;
    const identity = { server, connectionId, mid, key };
    const isMessage = operation === Operation.SendMessage && room !== "" &&
      this.parts.roomTypes.of(room).upstream !== "log";
    if (isMessage) return replyBody(await this.publish({ ...identity, room, body: frame.body }));
    const message = { operation, body: frame.body.slice() };
    return replyBody(await this.#answered(() => this.#handOver(identity, room, message)));
  }

  /** Takes a message to a room; see `LogicApi`. */
  publish(request: PublishRequest): Promise<PublishReply> {
    const { server, connectionId, mid, key, room, operation, mediaMs, publishId: id } = request;
    const identity = { server, connectionId, mid, key };
    const options = this.parts.roomTypes.of(room);
    const message: UpstreamMessage = {
      operation: operation ?? options.publishOperation,
      body: request.body.slice(),
      ...(mediaMs !== undefined && { mediaMs }),
      ...(id !== undefined && { id }),
    };
    return this.#answered(() => this.#toRoom(identity, room, message, options));
  }

  async #toRoom(
    identity: ConnectionRef,
    room: string,
    message: UpstreamMessage,
    options: RoomOptions,
  ): Promise<PublishReply> {
    const { hooks, push, counters } = this.parts;
    const { upstream, messageBytesMax } = options;
    if (upstream === "off" || (upstream === "log" && !hooks.takesMessages)) {
      counters.messagesOff++;
      const reason = "messages of clients are not published in this room";
      return notTaken(RequestCode.refused, reason);
    }
    const { operation, body, mediaMs, id } = message;
    if (body.byteLength > messageBytesMax) {
      throw new BadRequest(
        `a message must be at most ${messageBytesMax} bytes, current value is ${body.byteLength}`,
      );
    }
    checkOptions({ id, mediaMs });
    if (isProtocolOperation(operation)) {
      throw new BadRequest(
        `op must not be one of the protocol's own, current value is ${operation}`,
      );
    }
    if (upstream === "log") return await this.#handOver(identity, room, message);
    const sender = senderOf(identity);
    const admission = await this.#admit(sender, room, message, options);
    if (!admission.admitted) return this.#notAdmitted(admission);
    const { refuse, replace, reply } = await this.#judge(sender, identity, room, message, options);
    if (refuse !== undefined) return this.#refused(refuse);
    if (reply !== undefined) return taken(undefined, reply);
    const stream = await push.message(operation, room, replace ?? body, {
      mid: identity.mid || undefined,
      mediaMs,
      id: id === undefined ? undefined : scopedId(sender, id),
    });
    counters.published++;
    return taken(stream);
  }

  /** Hands a message to the application that is not pushed. */
  async #handOver(
    identity: ConnectionRef,
    room: string,
    message: UpstreamMessage,
  ): Promise<PublishReply> {
    const { refuse, reply } = await this.parts.hooks.message(identity, room, message, false);
    return refuse === undefined ? taken(undefined, reply) : this.#refused(refuse);
  }

  #admit(
    sender: string,
    room: string,
    { body, id: publishId }: UpstreamMessage,
    { slowModeMs, duplicateWindowMs }: RoomOptions,
  ): Promise<Admission> {
    const { moderation, midRate } = this.parts;
    const digest = duplicateWindowMs === 0 ? "" : hashOf(body);
    return moderation.admit(
      { sender, room, digest, publishId },
      { ...midRate(), slowModeMs, duplicateWindowMs },
    );
  }

  /** Asks the application, if there is one to be asked, what is to become of a message. */
  async #judge(
    sender: string,
    identity: ConnectionRef,
    room: string,
    message: UpstreamMessage,
    { upstream, webhookFallback }: RoomOptions,
  ): Promise<Verdict> {
    const { hooks, counters } = this.parts;
    if (upstream !== "webhook") {
      if (!hooks.takesMessages) return {};
      // Its own bytes: ours are pushed.
      return await hooks.message(identity, room, { ...message, body: message.body.slice() }, true);
    }
    const webhook = this.parts.webhook();
    assert(webhook !== undefined, "a type of rooms with a webhook says which");
    try {
      return await webhook.judge(sender, identity, room, message);
    } catch (error) {
      if (webhookFallback === "refuse" || !(error instanceof WebhookFailed)) throw error;
      counters.webhookFallbacks++;
      return {};
    }
  }

  #notAdmitted({ reason, retryMs }: Admission & { readonly admitted: false }): PublishReply {
    const { code, message, counter } = NOT_ADMITTED[reason];
    this.parts.counters[counter]++;
    return notTaken(code, message, retryMs);
  }

  #refused(reason: string): PublishReply {
    this.parts.counters.messagesRefused++;
    return notTaken(RequestCode.refused, reason);
  }

  async #answered(take: () => Promise<PublishReply>): Promise<PublishReply> {
    const { counters } = this.parts;
    try {
      return await take();
    } catch (error) {
      if (error instanceof BadRequest) {
        counters.messagesWrong++;
        return notTaken(RequestCode.badRequest, error.message);
      }
      counters.messagesFailed++;
      // The application's failures have been logged; a store says once that it is away or takes no
      // writes, and metrics how full the log is.
      const isKnown = [HookFailed, WebhookFailed, StoreUnavailable, PushLogFull]
        .some((known) => error instanceof known);
      if (!isKnown) {
        logger.error("a message could not be taken: {error}", { error: String(error) });
      }
      return notTaken(RequestCode.failed, "message could not be taken, try again");
    }
  }
}

/** Who says it: a user wherever it is connected, or nobody's connection by its key. */
function senderOf({ mid, key }: ConnectionRef): string {
  return mid === 0n ? `k${key}` : `m${mid}`;
}

/** An id that no other sender and no back end has, whatever they call their messages. */
function scopedId(sender: string, id: string): string {
  return hashOf(JSON.stringify([sender, id]));
}

function hashOf(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("base64url");
}
