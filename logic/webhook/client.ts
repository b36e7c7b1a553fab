import { createHmac } from "node:crypto";
import { getLogger } from "@logtape/logtape";
import { type Clock, sleep } from "../../base/clock.ts";
import type { Prng } from "../../base/prng.ts";
import type { LogicCounters } from "../counters.ts";
import { withDeadline } from "./deadline.ts";
import { readBytes } from "./response_body.ts";

/** Calls of one webhook that may be under way; more fail. */
export const WEBHOOK_CALLS_MAX = 1_000;

/** How long it waits before it calls once more, in milliseconds. */
export const WEBHOOK_RETRY_MS = 100;

/** Largest answer of an application, in bytes. */
export const WEBHOOK_ANSWER_BYTES_MAX = 64 * 1024;

/** Where an application is asked. */
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

/** What is asked, and how the answer is read. */
export interface WebhookCall<Answer> {
  /** JSON that says the time itself. */
  readonly body: string;
  /** That time, in milliseconds since the epoch. */
  readonly timeMs: number;
  /** What the application may know the call by when it comes again. */
  readonly delivery: string;
  /** @throws {TypeError} When it is no answer. */
  read(bytes: Uint8Array): Answer;
}

/** There is no answer that counts; why has been logged and counted. */
export class WebhookFailed extends Error {
  override readonly name = "WebhookFailed";
}

/** The application cannot have done anything. */
class NotDone extends Error {}

const logger = getLogger(["halley", "logic"]);

/** Asks an application over HTTP, signed and within limits. */
export class WebhookClient {
  #url!: string;
  #calls = 0;
  #idle: (() => void) | undefined;

  /** @param name Under which it counts, and for the log. */
  constructor(
    private readonly name: "webhook" | "authWebhook",
    private options: WebhookOptions,
    private readonly parts: Omit<WebhookDependencies, "prng">,
  ) {
    this.reconfigure(options);
  }

  /** Asks as other options say from now on. */
  reconfigure(options: WebhookOptions): void {
    this.options = options;
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

  /** @throws {WebhookFailed} When no answer came in time, or none that counts. */
  async call<Answer>({ body, timeMs, delivery, read }: WebhookCall<Answer>): Promise<Answer> {
    const { name, options, parts: { counters } } = this;
    if (this.#calls >= WEBHOOK_CALLS_MAX) {
      counters[`${name}CallsRefused`]++;
      throw new WebhookFailed();
    }
    counters[`${name}Calls`]++;
    const timestamp = String(Math.floor(timeMs / 1_000));
    const headers = {
      "content-type": "application/json",
      "halley-timestamp": timestamp,
      "halley-signature": `v1=${signatureOf(options.secret, timestamp, body)}`,
      "halley-delivery": delivery,
    };
    this.#calls++;
    try {
      return await this.#call({ method: "POST", headers, body, redirect: "manual" }, read);
    } catch (error) {
      counters[`${name}Failures`]++;
      // The URL may hold a key.
      const reason = reasonOf(error).replaceAll(this.#url, "its URL");
      const which = name === "webhook" ? "webhook" : "webhook of auth";
      logger.warn(`the ${which} failed: {reason}`, { reason });
      throw new WebhookFailed();
    } finally {
      this.#calls--;
      if (this.#calls === 0) this.#idle?.();
    }
  }

  /** Calls once, and once more where the first call cannot have done anything. */
  async #call<Answer>(init: RequestInit, read: WebhookCall<Answer>["read"]): Promise<Answer> {
    const { running, counters } = this.parts;
    const { timeoutMs } = this.options;
    return await withDeadline(running, timeoutMs, (signal) => {
      const attempt = async () => read(await this.#attempt({ ...init, signal }));
      return attempt().catch(async (error) => {
        if (!(error instanceof NotDone)) throw error;
        await sleep(running, WEBHOOK_RETRY_MS);
        signal.throwIfAborted();
        counters[`${this.name}Retries`]++;
        return await attempt();
      });
    });
  }

  async #attempt(init: RequestInit): Promise<Uint8Array> {
    const response = await fetch(this.#url, init).catch((error) => {
      throw isNotConnected(error) ? new NotDone(reasonOf(error)) : error;
    });
    const { status } = response;
    if (response.ok) return await readBytes(response, WEBHOOK_ANSWER_BYTES_MAX);
    await response.body?.cancel();
    throw status === 503 ? new NotDone("it answered 503") : new Error(`it answered ${status}`);
  }
}

/** The signature of what is sent, in hexadecimal digits. */
function signatureOf(secret: string, timestamp: string, body: string): string {
  return createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
}

/** Whether there was no connection, so that nothing was sent: Bun has codes, Deno a cause in words. */
export function isNotConnected(error: unknown): boolean {
  const { code = "", cause } = error as { code?: string; cause?: Error };
  return ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"].includes(code) ||
    /client error \(Connect\)/.test(cause?.message ?? "");
}

/** Why a fetch failed, in words. */
export function reasonOf(error: unknown): string {
  const { message, cause } = error as { message: string; cause?: Error };
  return cause?.message ?? message;
}
