import { createHash, createHmac } from "node:crypto";
import { getLogger } from "@logtape/logtape";
import { type Clock, sleep } from "../../base/clock.ts";
import { type Prng, uuid } from "../../base/prng.ts";
import type { ConnectionRef } from "../../protocol/cluster/connection.ts";
import { bodyMember } from "../../protocol/json_body.ts";
import type { LogicCounters } from "../counters.ts";
import type { Verdict } from "../hook_answers.ts";
import type { UpstreamMessage } from "../hooks.ts";
import { readAnswer, readVerdict } from "./webhook_answer.ts";

/** Calls that may be under way; for more messages it fails. */
export const WEBHOOK_CALLS_MAX = 1_000;

/** How long it waits before it calls once more, in milliseconds. */
export const WEBHOOK_RETRY_MS = 100;

/** Where an application is asked about messages. */
export interface WebhookOptions {
  readonly url: string;
  /** Signs what is sent. */
  readonly secret: string;
  /** How long an answer may take, with a second call, in milliseconds. */
  readonly timeoutMs: number;
}

/** Dependencies of a webhook. */
export interface WebhookDependencies {
  readonly clock: Clock;
  /** The time in which this process ran: while it stood still, no answer could be read. */
  readonly running: Clock;
  readonly prng: Prng;
  readonly counters: LogicCounters;
}

/** There is no answer that counts; why has been logged and counted. */
export class WebhookFailed extends Error {
  override readonly name = "WebhookFailed";
}

/** The application cannot have done anything. */
class NotDone extends Error {}

const logger = getLogger(["halley", "logic"]);

/** Asks an application over HTTP what is to become of messages. */
export class Webhook {
  readonly #url: string;
  #calls = 0;
  #idle: (() => void) | undefined;

  constructor(
    private readonly options: WebhookOptions,
    private readonly parts: WebhookDependencies,
  ) {
    this.#url = new URL(options.url).href;
  }

  /** Calls that are under way. */
  get size(): number {
    return this.#calls;
  }

  /** Settles when no call is under way. */
  async settled(): Promise<void> {
    if (this.#calls > 0) await new Promise<void>((resolve) => this.#idle = resolve);
  }

  /**
   * Asks about a message that will be pushed to a room.
   *
   * @param sender Who sends it, whatever connection it has.
   * @throws {WebhookFailed} When no answer came in time, or none that counts.
   */
  async judge(
    sender: string,
    identity: ConnectionRef,
    room: string,
    message: UpstreamMessage,
  ): Promise<Verdict> {
    const { counters, clock, prng } = this.parts;
    if (this.#calls >= WEBHOOK_CALLS_MAX) {
      counters.webhookCallsRefused++;
      throw new WebhookFailed();
    }
    counters.webhookCalls++;
    const nowMs = clock.wallMs();
    const body = messageJson(identity, room, message, nowMs);
    const timestamp = String(Math.floor(nowMs / 1_000));
    const headers = {
      "content-type": "application/json",
      "halley-timestamp": timestamp,
      "halley-signature": `v1=${signatureOf(this.options.secret, timestamp, body)}`,
      "halley-delivery": deliveryOf(sender, room, message) ?? uuid(prng),
    };
    this.#calls++;
    try {
      return await this.#call({ method: "POST", headers, body, redirect: "manual" });
    } catch (error) {
      counters.webhookFailures++;
      // The URL may hold a key.
      const reason = reasonOf(error).replaceAll(this.#url, "webhook-url");
      logger.warn("the webhook failed: {reason}", { reason });
      throw new WebhookFailed();
    } finally {
      this.#calls--;
      if (this.#calls === 0) this.#idle?.();
    }
  }

  /** Calls once, and once more where the first call cannot have done anything. */
  async #call(init: RequestInit): Promise<Verdict> {
    const { running, counters } = this.parts;
    const { timeoutMs } = this.options;
    const deadline = new AbortController();
    const late = new Error(`it did not answer within ${timeoutMs} ms`);
    const timer = running.setTimeout(() => deadline.abort(late), timeoutMs);
    try {
      const attempt = () => this.#attempt({ ...init, signal: deadline.signal });
      return await attempt().catch(async (error) => {
        if (!(error instanceof NotDone)) throw error;
        await sleep(running, WEBHOOK_RETRY_MS);
        deadline.signal.throwIfAborted();
        counters.webhookRetries++;
        return await attempt();
      });
    } finally {
      running.cancel(timer);
    }
  }

  async #attempt(init: RequestInit): Promise<Verdict> {
    const response = await fetch(this.#url, init).catch((error) => {
      throw isNotConnected(error) ? new NotDone(reasonOf(error)) : error;
    });
    const { status } = response;
    if (response.ok) return readVerdict(await readAnswer(response));
    await response.body?.cancel();
    throw status === 503 ? new NotDone("it answered 503") : new Error(`it answered ${status}`);
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

/** The signature of what is sent, in hexadecimal digits. */
function signatureOf(secret: string, timestamp: string, body: string): string {
  return createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
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

/** Whether there was no connection, so that nothing was sent: Bun has codes, Deno a cause in words. */
function isNotConnected(error: unknown): boolean {
  const { code = "", cause } = error as { code?: string; cause?: Error };
  return ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"].includes(code) ||
    /client error \(Connect\)/.test(cause?.message ?? "");
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as { message: string; cause?: Error };
  return cause?.message ?? message;
}
