import { getLogger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import { Fifo } from "../base/fifo.ts";
import { TimeoutError, withTimeout } from "../base/with_timeout.ts";
import type { ConnectionRef, ConnectRequest } from "../protocol/cluster/connection.ts";
import type { Authenticator } from "./auth/auth.ts";
import { KeysUnavailable } from "./auth/jwks_url.ts";
import type { LogicCounters } from "./counters.ts";
import { goimHooks } from "./goim_hooks.ts";
import {
  type CheckedIdentity,
  checkIdentity,
  checkJoin,
  checkVerdict,
  type Verdict,
} from "./hook_answers.ts";
import type { Awaitable, Hooks, Refusal, UpstreamMessage } from "./hooks.ts";
import { WebhookFailed } from "./webhook/client.ts";

/** Calls of one hook that may be under way, but for `disconnected`; more fail. */
export const HOOK_CALLS_MAX = 10_000;

/** Calls of `disconnected` that may be under way; more wait. */
export const DISCONNECTED_CALLS_MAX = 1_000;

/** Calls of `disconnected` that may wait; more are left out. */
export const DISCONNECTED_WAITING_MAX = 100_000;

/**
 * How long the server's own ways of auth may take, in milliseconds. They have shorter limits of
 * their own.
 */
const AUTH_MS_MAX = 4_900;

/** A hook gave no answer that counts; why has been logged and counted. */
export class HookFailed extends Error {
  override readonly name = "HookFailed";
}

const logger = getLogger(["halley", "logic"]);

/**
 * Calls an application's hooks, or goim's, and holds them to time, number and form. A call rejects
 * only with {@linkcode HookFailed}.
 */
export class HookCalls {
  readonly #hooks: Hooks;
  readonly #auth: Authenticator;
  readonly #running: Clock;
  /** How long a promise may take, in milliseconds. */
  timeoutMs: number;
  readonly #counters: LogicCounters;
  /** Ended connections of which `disconnected` is still to be told. */
  readonly #ended = new Fifo<ConnectionRef>();
  readonly #underWay = { authenticate: 0, authorizeJoin: 0, message: 0, disconnected: 0 };
  #idle: (() => void) | undefined;

  /**
   * @param auth Says who clients are where the application has no hook for that.
   * @param running The time in which this process ran: while it stood still, no hook could answer.
   */
  constructor(
    hooks: Hooks,
    auth: Authenticator,
    timeoutMs: number,
    running: Clock,
    counters: LogicCounters,
  ) {
    this.#hooks = hooks;
    this.#auth = auth;
    this.timeoutMs = timeoutMs;
    this.#running = running;
    this.#counters = counters;
  }

  /** Calls that are under way or wait. */
  get size(): number {
    const { authenticate, authorizeJoin, message, disconnected } = this.#underWay;
    return authenticate + authorizeJoin + message + disconnected + this.#ended.length;
  }

  /** Whether joins are to be asked for. */
  get asksJoins(): boolean {
    return this.#hooks.authorizeJoin !== undefined;
  }

  authenticate(asked: ConnectRequest): Promise<CheckedIdentity | Refusal> {
    const { token, remoteAddress, headers = {}, server, connectionId } = asked;
    const request = { token: token.slice(), remoteAddress, headers, server, connectionId };
    if (this.#hooks.authenticate !== undefined) {
      return this.#call("authenticate", () => this.#hooks.authenticate!(request), checkIdentity);
    }
    const call = () => this.#auth.authenticate(request);
    return this.#call("authenticate", call, checkIdentity, AUTH_MS_MAX);
  }

  authorizeJoin(identity: ConnectionRef, room: string): Promise<boolean> {
    if (!this.asksJoins) return Promise.resolve(true);
    return this.#call("authorizeJoin", () => this.#hooks.authorizeJoin!(identity, room), checkJoin);
  }

  /** Whether the application takes messages. */
  get takesMessages(): boolean {
    return this.#hooks.message !== undefined;
  }

  /**
   * @param message With a body that is the hook's own.
   * @param isPushed Whether it is pushed to the room if the hook lets it.
   */
  message(
    identity: ConnectionRef,
    room: string,
    message: UpstreamMessage,
    isPushed: boolean,
  ): Promise<Verdict> {
    const hooks: Hooks = this.takesMessages ? this.#hooks : goimHooks;
    const check = (answer: Awaited<ReturnType<NonNullable<Hooks["message"]>>>) =>
      checkVerdict(answer, isPushed);
    return this.#call("message", () => hooks.message!(identity, room, message), check);
  }

  /** Tells of a connection that ended, as soon as not too many others are being told of. */
  disconnected(identity: ConnectionRef): void {
    if (this.#hooks.disconnected === undefined) return;
    if (this.#ended.length >= DISCONNECTED_WAITING_MAX) this.#counters.hookCallsRefused++;
    else this.#ended.push(identity);
    this.#tellOfEnded();
  }

  /** Settles when no call is under way. */
  async settled(): Promise<void> {
    if (this.size > 0) await new Promise<void>((resolve) => this.#idle = resolve);
  }

  #tellOfEnded(): void {
    while (this.#ended.length > 0 && this.#underWay.disconnected < DISCONNECTED_CALLS_MAX) {
      const identity = this.#ended.shift();
      this.#call("disconnected", () => this.#hooks.disconnected!(identity), () => {})
        .catch(() => {})
        .finally(() => this.#tellOfEnded());
    }
  }

  async #call<Answer, Checked>(
    hook: keyof Hooks,
    call: () => Awaitable<Answer>,
    check: (answer: Answer) => Checked,
    timeoutMs = this.timeoutMs,
  ): Promise<Checked> {
    const calls = this.#underWay[hook];
    if (calls >= HOOK_CALLS_MAX) {
      this.#counters.hookCallsRefused++;
      logger.error("Hook {hook} is not called: {calls} calls are under way", { hook, calls });
      throw new HookFailed();
    }
    this.#underWay[hook]++;
    try {
      const answer = call();
      if (!isPromise(answer)) return check(answer);
      return check(await withTimeout(this.#running, timeoutMs, Promise.resolve(answer)));
    } catch (error) {
      this.#counters[`${hook}${error instanceof TimeoutError ? "Timeouts" : "Failures"}`]++;
      const isLogged = error instanceof KeysUnavailable || error instanceof WebhookFailed;
      if (!isLogged) logger.error("Hook {hook} failed: {error}", { hook, error });
      throw new HookFailed();
    } finally {
      this.#underWay[hook]--;
      if (this.size === 0) this.#idle?.();
    }
  }
}

function isPromise<Value>(value: Awaitable<Value>): value is PromiseLike<Value> {
  return typeof value === "object" && value !== null && "then" in value;
}
