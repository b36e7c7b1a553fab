import { createHash } from "node:crypto";
import { uuid } from "../../base/prng.ts";
import { ProtocolError } from "../../protocol/close_codes.ts";
import type { AuthRequest, Identity, Refusal } from "../hooks.ts";
import {
  WebhookClient,
  type WebhookDependencies,
  WebhookFailed,
  type WebhookOptions,
} from "../webhook/client.ts";
import { AnswerCache } from "./answer_cache.ts";
import { type AuthBody, readAuthBody, withWishes } from "./auth_body.ts";
import { readIdentity } from "./webhook_identity.ts";

/**
 * How long whom the application let in is remembered for when it fails, in milliseconds, with the
 * fallback `cached`.
 */
export const AUTH_FALLBACK_MS = 300_000;

/** What an operator decides about the webhook of auth. */
export interface WebhookAuthOptions extends WebhookOptions {
  /** How long an answer that lets in counts for the same token, in milliseconds; 0 for not at all. */
  readonly cacheMs: number;
  /** What becomes of clients when it fails: nobody gets in, or who was let in just before. */
  readonly fallback: "refuse" | "cached";
}

/** Asks the application who clients are: `auth = "webhook"`. */
export class WebhookAuth {
  readonly #client: WebhookClient;
  readonly #answers: AnswerCache;
  /** Tokens about which it is being asked. */
  readonly #asking = new Map<string, Promise<Identity | Refusal>>();

  constructor(
    private readonly options: WebhookAuthOptions,
    private readonly parts: WebhookDependencies,
  ) {
    this.#client = new WebhookClient("authWebhook", options, parts);
    this.#answers = new AnswerCache(parts.clock, parts.counters);
  }

  /** Calls that are under way. */
  get size(): number {
    return this.#client.size;
  }

  /** Answers that are kept. */
  get cached(): number {
    return this.#answers.size;
  }

  /** @throws {WebhookFailed} When the application fails and has not let in the token before. */
  async authenticate(request: AuthRequest): Promise<Identity | Refusal> {
    let body: AuthBody | undefined;
    try {
      body = readAuthBody(request.token);
    } catch (error) {
      if (error instanceof ProtocolError) return { refuse: error.message };
      throw error;
    }
    // JSON without a token is one.
    const answer = await this.#decide(body?.token ?? body?.text, request);
    if ("refuse" in answer || body === undefined) return answer;
    return withWishes(answer, body.wishes);
  }

  /** @param token Nothing where the body, which is no text, is the token. */
  async #decide(token: string | undefined, request: AuthRequest): Promise<Identity | Refusal> {
    const { options, parts: { counters } } = this;
    const id = idOf(token, request);
    const known = this.#answers.get(id, options.cacheMs) ?? this.#asking.get(id);
    if (known !== undefined) {
      counters.authWebhookCacheHits++;
      return await known;
    }
    const asking = this.#ask(id, token, request).finally(() => this.#asking.delete(id));
    this.#asking.set(id, asking);
    return await asking;
  }

  async #ask(
    id: string,
    token: string | undefined,
    request: AuthRequest,
  ): Promise<Identity | Refusal> {
    const { options, parts: { clock, prng, counters } } = this;
    const timeMs = clock.wallMs();
    const isFallback = options.fallback === "cached";
    try {
      const answer = await this.#client.call({
        body: requestJson(token, request, timeMs),
        timeMs,
        delivery: uuid(prng),
        // From when it was asked on: so it lasts no longer than the application means.
        read: (bytes) => readIdentity(bytes, timeMs),
      });
      if ("refuse" in answer) this.#answers.delete(id);
      else this.#answers.set(id, answer, isFallback ? AUTH_FALLBACK_MS : options.cacheMs);
      return answer;
    } catch (error) {
      const answer = isFallback && error instanceof WebhookFailed
        ? this.#answers.get(id, AUTH_FALLBACK_MS)
        : undefined;
      if (answer === undefined) throw error;
      counters.authWebhookFallbacks++;
      return answer;
    }
  }
}

/** Names what the application is told of a client, but for what differs with every connection. */
function idOf(token: string | undefined, request: AuthRequest): string {
  const { token: body, headers, remoteAddress } = request;
  const hash = createHash("sha256");
  hash.update(JSON.stringify([Object.entries(headers).sort(), remoteAddress, token !== undefined]));
  return hash.update(token ?? body).digest("base64");
}

/** What is sent, as JSON. */
function requestJson(token: string | undefined, request: AuthRequest, time_ms: number): string {
  const { headers, remoteAddress: address, server, connectionId } = request;
  return JSON.stringify({
    type: "auth",
    ...(token === undefined ? { token_base64: request.token.toBase64() } : { token }),
    headers,
    address,
    server,
    connection_id: connectionId,
    time_ms,
  });
}
