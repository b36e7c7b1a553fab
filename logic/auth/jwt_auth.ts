import { getLogger } from "@logtape/logtape";
import { ProtocolError } from "../../protocol/close_codes.ts";
import type { AuthRequest, Identity, Refusal } from "../hooks.ts";
import type { WebhookDependencies } from "../webhook/client.ts";
import { readAuthBody, withWishes } from "./auth_body.ts";
import { JwksUrl } from "./jwks_url.ts";
import { verifyJwt } from "./jwt.ts";
import type { ClaimRules } from "./jwt_claims.ts";
import type { KeySet, KeySource } from "./jwt_keys.ts";
import { JwtRefused } from "./jwt_refused.ts";

/** What an operator decides about tokens. */
export interface JwtOptions extends ClaimRules {
  /** The keys, or the URL where they are. */
  readonly keys: KeySet | string;
}

const logger = getLogger(["halley", "logic"]);

/** What clients might hear: not why, which would help those who try. */
const refusal: Refusal = { refuse: "the token is refused" };

/** Believes tokens that one of its keys has signed: `auth = "jwt"`. */
export class JwtAuth {
  readonly #keys: KeySource;

  /** @param before Where the keys of the same URL are, which may be away at the moment. */
  constructor(
    private readonly options: JwtOptions,
    private readonly parts: Omit<WebhookDependencies, "prng">,
    before?: JwtAuth,
  ) {
    const { keys } = options;
    const isSame = before !== undefined && before.options.keys === keys;
    this.#keys = isSame ? before.#keys : typeof keys === "string" ? new JwksUrl(keys, parts) : keys;
    // Clients need not wait for it then.
    if (this.#keys instanceof JwksUrl) void this.#keys.refresh();
  }

  /** How old the keys of a URL are, in milliseconds; undefined where there are none. */
  get keysAgeMs(): number | undefined {
    return this.#keys instanceof JwksUrl ? this.#keys.ageMs : undefined;
  }

  /** @throws {Error} When it cannot be said at the moment. */
  async authenticate({ token: body, remoteAddress }: AuthRequest): Promise<Identity | Refusal> {
    try {
      return await this.#identify(body);
    } catch (error) {
      if (!(error instanceof JwtRefused)) throw error;
      const { fault, message } = error;
      this.parts.counters[`jwt${fault}`]++;
      logger.info("the token of a client is refused: {reason}", { reason: message, remoteAddress });
      return refusal;
    }
  }

  async #identify(bytes: Uint8Array): Promise<Identity> {
    const { token, wishes } = bodyOf(bytes);
    const nowMs = this.parts.clock.wallMs();
    return withWishes(await verifyJwt(token, this.#keys, this.options, nowMs), wishes);
  }
}

function bodyOf(bytes: Uint8Array) {
  try {
    const { token, wishes } = readAuthBody(bytes) ?? {};
    if (token !== undefined && wishes !== undefined) return { token, wishes };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new JwtRefused("Malformed", error.message);
  }
  throw new JwtRefused("Malformed", "there is none: the body must be one, or JSON with one");
}
