import { createHash } from "node:crypto";
import { uuid } from "../../base/prng.ts";
import type { ConnectionRef } from "../../protocol/cluster/connection.ts";
import { bodyMember } from "../../protocol/json_body.ts";
import type { Verdict } from "../hook_answers.ts";
import type { UpstreamMessage } from "../hooks.ts";
import { WebhookClient, type WebhookDependencies, type WebhookOptions } from "../webhook/client.ts";
import { readVerdict } from "./webhook_answer.ts";

/** Asks an application over HTTP what is to become of messages. */
export class Webhook {
  readonly #client: WebhookClient;

  constructor(options: WebhookOptions, private readonly parts: WebhookDependencies) {
    this.#client = new WebhookClient("webhook", options, parts);
  }

  /** See {@linkcode WebhookClient.reconfigure}. */
  reconfigure(options: WebhookOptions): void {
    this.#client.reconfigure(options);
  }

  /** Calls that are under way. */
  get size(): number {
    return this.#client.size;
  }

  /** Settles when no call is under way. */
  settled(): Promise<void> {
    return this.#client.settled();
  }

  /**
   * Asks about a message that will be pushed to a room.
   *
   * @param sender Who sends it, whatever connection it has.
   * @throws {WebhookFailed} When no answer came in time, or none that counts.
   */
  judge(
    sender: string,
    identity: ConnectionRef,
    room: string,
    message: UpstreamMessage,
  ): Promise<Verdict> {
    const { clock, prng } = this.parts;
    const timeMs = clock.wallMs();
    return this.#client.call({
      body: messageJson(identity, room, message, timeMs),
      timeMs,
      delivery: deliveryOf(sender, room, message) ?? uuid(prng),
      read: readVerdict,
    });
  }
}

/** What is sent, as JSON. */
function messageJson(
  { server, connectionId, mid, key }: ConnectionRef,
  room: string,
  { operation: op, body, mediaMs: media_ms, id }: UpstreamMessage,
  time_ms: number,
): string {
  const who = { mid: String(mid), key, server, connection_id: connectionId };
  const head = JSON.stringify({ type: "message", room, op, ...who, media_ms, id, time_ms });
  return `${head.slice(0, -1)},${bodyMember("body", body)}}`;
}

/**
 * What a message is called that the client may send again: always the same, and no other, since what
 * is answered about it may be kept; a client may give the same id to anything.
 */
function deliveryOf(
  sender: string,
  room: string,
  { operation, mediaMs, id, body }: UpstreamMessage,
): string | undefined {
  if (id === undefined) return undefined;
  const head = JSON.stringify([sender, room, operation, mediaMs, id]);
  return createHash("sha256").update(head).update(body).digest("base64url");
}
