/**
 * The door of this folder: how the server itself says who clients are, where the application has no
 * hook for that. goim.ts believes them, jwt.ts has them show a signed token, webhook_auth.ts asks
 * the application over HTTP.
 *
 * @module
 */
import type { AuthRequest, Awaitable, Identity, Refusal } from "../hooks.ts";
import type { WebhookDependencies } from "../webhook/client.ts";
import { goimAuth } from "./goim.ts";
import { JwtAuth, type JwtOptions } from "./jwt_auth.ts";
import { WebhookAuth, type WebhookAuthOptions } from "./webhook_auth.ts";

/** What an operator decides about who clients are. */
export type AuthOptions =
  | { readonly mode: "goim" }
  | { readonly mode: "jwt" } & JwtOptions
  | { readonly mode: "webhook" } & WebhookAuthOptions;

/** Says who clients are. */
export interface Authenticator {
  /** As the hook of this name. */
  authenticate(request: AuthRequest): Awaitable<Identity | Refusal>;
}

/** Says who clients are, in the way that holds at the moment. */
export class Auth implements Authenticator {
  #way: JwtAuth | WebhookAuth | undefined;

  constructor(private options: AuthOptions, private readonly parts: WebhookDependencies) {
    this.#way = this.#wayOf(options);
  }

  /**
   * Lets other options hold from now on; calls that are under way end as they began. The keys of a
   * URL, and answers of the webhook, are kept where that is the same.
   */
  reconfigure(options: AuthOptions): void {
    const isSame = options.mode === "webhook" &&
      JSON.stringify(options) === JSON.stringify(this.options);
    if (!isSame) this.#way = this.#wayOf(options);
    this.options = options;
  }

  #wayOf(options: AuthOptions): JwtAuth | WebhookAuth | undefined {
    const before = this.#way instanceof JwtAuth ? this.#way : undefined;
    if (options.mode === "jwt") return new JwtAuth(options, this.parts, before);
    return options.mode === "webhook" ? new WebhookAuth(options, this.parts) : undefined;
  }

  authenticate(request: AuthRequest): Awaitable<Identity | Refusal> {
    return this.#way === undefined ? goimAuth(request) : this.#way.authenticate(request);
  }

  /** Calls of its webhook that are under way. */
  get webhookCalls(): number {
    return this.#way instanceof WebhookAuth ? this.#way.size : 0;
  }

  /** Answers of its webhook that are kept. */
  get cachedAnswers(): number {
    return this.#way instanceof WebhookAuth ? this.#way.cached : 0;
  }

  /** How old the keys of a URL are, in milliseconds; undefined where there are none. */
  get keysAgeMs(): number | undefined {
    return this.#way instanceof JwtAuth ? this.#way.keysAgeMs : undefined;
  }
}
