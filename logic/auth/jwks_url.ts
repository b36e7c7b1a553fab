import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../base/clock.ts";
import { decodeUtf8 } from "../../protocol/utf8.ts";
import type { LogicCounters } from "../counters.ts";
import { reasonOf } from "../webhook/client.ts";
import { withDeadline } from "../webhook/deadline.ts";
import { readBytes } from "../webhook/response_body.ts";
import {
  JWKS_BYTES_MAX,
  jwksKeys,
  type KeyHint,
  type KeySet,
  type KeySource,
  type VerificationKey,
} from "./jwt_keys.ts";

/** How long the keys count before they are asked for again, in milliseconds. */
export const JWKS_AGE_MS = 600_000;

/** Least time between two requests for keys, in milliseconds, whatever tokens ask for. */
export const JWKS_COOLDOWN_MS = 10_000;

/** How long an answer may take, in milliseconds. */
export const JWKS_TIMEOUT_MS = 3_000;

/** Dependencies of keys at a URL. */
export interface JwksDependencies {
  readonly clock: Clock;
  /** The time in which this process ran: while it stood still, no answer could be read. */
  readonly running: Clock;
  readonly counters: Pick<LogicCounters, "jwksFetches" | "jwksFailures">;
}

/** It cannot be said at the moment whether a token counts; what is wrong with the keys is logged. */
export class KeysUnavailable extends Error {
  override readonly name = "KeysUnavailable";
}

const logger = getLogger(["halley", "logic"]);

/**
 * The keys at a URL. All who need them wait for one request, and the keys that there are count on
 * while it fails. A token whose key is not among them has them asked for, once for all such tokens
 * of a while; until then it cannot be said whether it counts.
 */
export class JwksUrl implements KeySource {
  readonly #url: string;
  #keys: KeySet | undefined;
  /** When the keys were got. */
  #gotMs = -Infinity;
  /** When they were last asked for. */
  #askedMs = -Infinity;
  #asking: Promise<void> | undefined;
  /** Why there were no keys when they were last asked for. */
  #failure: string | undefined;

  constructor(url: string, private readonly parts: JwksDependencies) {
    this.#url = new URL(url).href;
  }

  /** How old the keys are, in milliseconds; undefined while there are none. */
  get ageMs(): number | undefined {
    return this.#keys && this.parts.clock.monotonicMs() - this.#gotMs;
  }

  /** @throws {KeysUnavailable} When the key is not known, and the URL cannot be asked, or failed. */
  async find(hint: KeyHint): Promise<VerificationKey | undefined> {
    const { clock } = this.parts;
    const nowMs = clock.monotonicMs();
    let key = this.#keys?.find(hint);
    if (nowMs - this.#gotMs >= JWKS_AGE_MS) {
      const refreshed = this.refresh();
      // A URL that hangs must not hold up, time and again, whose key is known.
      if (key !== undefined && this.#failure !== undefined) return key;
      await refreshed;
      key = this.#keys?.find(hint);
    }
    if (key !== undefined || this.#gotMs >= nowMs) return key;
    await this.refresh();
    const found = this.#keys?.find(hint);
    if (found !== undefined || this.#gotMs >= nowMs) return found;
    const why = this.#failure === undefined ? "was asked just now" : `failed: ${this.#failure}`;
    throw new KeysUnavailable(`the key is not known, and jwks ${why}; try again later`);
  }

  /** Asks for the keys, unless that was done just now, and settles when it is over. */
  async refresh(): Promise<void> {
    const nowMs = this.parts.clock.monotonicMs();
    if (this.#asking === undefined && nowMs - this.#askedMs >= JWKS_COOLDOWN_MS) {
      this.#askedMs = nowMs;
      this.#asking = this.#ask().finally(() => this.#asking = undefined);
    }
    await this.#asking;
  }

  async #ask(): Promise<void> {
    const { clock, running, counters } = this.parts;
    const askedMs = clock.monotonicMs();
    counters.jwksFetches++;
    try {
      const text = await withDeadline(
        running,
        JWKS_TIMEOUT_MS,
        async (signal) => readText(await fetch(this.#url, { redirect: "manual", signal })),
      );
      this.#keys = await jwksKeys(text);
      this.#gotMs = askedMs;
      this.#failure = undefined;
    } catch (error) {
      counters.jwksFailures++;
      // The URL may hold a key.
      const reason = this.#failure = reasonOf(error).replaceAll(this.#url, "its URL");
      const then = this.#keys === undefined ? "until then nobody gets in" : "its old keys count on";
      logger.warn(`jwks failed and is asked again, ${then}: {reason}`, { reason });
    }
  }
}

async function readText(response: Response): Promise<string> {
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`it answered ${response.status}`);
  }
  const text = decodeUtf8(await readBytes(response, JWKS_BYTES_MAX));
  if (text === undefined) throw new Error("it answered no UTF-8");
  return text;
}
