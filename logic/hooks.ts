import type { ConnectionRef } from "../protocol/cluster/connection.ts";
import type { StreamPosition } from "../protocol/history.ts";

/**
 * A client that wants in.
 *
 * ```ts
 * import type { AuthRequest } from "./mod.ts";
 *
 * const name = ({ token }: Pick<AuthRequest, "token">) => new TextDecoder().decode(token);
 * console.log(name({ token: new TextEncoder().encode("alice") }));
 * ```
 */
export interface AuthRequest {
  /** Body of its auth frame. */
  readonly token: Uint8Array;
  /** The client's IP address. */
  readonly remoteAddress: string;
  /** Headers of its WebSocket upgrade that are to be given, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The run of the comet that has its connection. */
  readonly server: string;
  /** The connection's number, unique within that run. */
  readonly connectionId: number;
}

/**
 * Who a client is.
 *
 * ```ts
 * import type { Identity } from "./mod.ts";
 *
 * const alice: Identity = { mid: 1n, key: "alice", room: "live://1", accepts: [1000] };
 * const guest: Identity = {
 *   mid: 0n,
 *   rooms: ["live://*"],
 *   publish: [],
 *   expiresAtMs: Date.now() + 3_600_000,
 * };
 * console.log(alice.mid, guest.rooms);
 * ```
 */
export interface Identity {
  /** The user's id, an int64; 0 is nobody, whom no push by mid reaches. */
  readonly mid: bigint;
  /** The connection's key, at most 256 characters; without one it gets a UUID. */
  readonly key?: string;
  /** Key of the room that it joins, such as `live://1000`; none without. */
  readonly room?: string;
  /** Operations that it wants of pushes by key, by mid and to all; at most 256. */
  readonly accepts?: readonly number[];
  /** Behind which message of its room it goes on, where the room keeps history. */
  readonly since?: StreamPosition;
  /** How many of the latest messages of its room it gets, 1 to 1000; not together with `since`. */
  readonly last?: number;
  /**
   * What the client understands beside goim's protocol: `rooms` for further rooms, `notices` for
   * being told of what it will not get; at most 16. With this, `since` or `last`, even an empty
   * list, the answer to its auth is JSON.
   */
  readonly features?: readonly string[];
  /**
   * The rooms that it may join or read, at most 256: each the key of one, or the beginning of keys
   * and a `*`, such as `live://vip-*`, `live://*` or `*`. Left out: any.
   */
  readonly rooms?: readonly string[];
  /** The rooms that it may publish to, written as those of `rooms`. Left out: what `rooms` says. */
  readonly publish?: readonly string[];
  /**
   * Until when it is let in, in milliseconds since 1970; left out: for good. Then the client is
   * closed with code 4011, unless it has authenticated afresh.
   */
  readonly expiresAtMs?: number;
}

/**
 * A refusal, and the reason in words.
 *
 * ```ts
 * import type { Refusal } from "./mod.ts";
 *
 * const unknown: Refusal = { refuse: "nobody has this token" };
 * console.log(unknown.refuse);
 * ```
 */
export interface Refusal {
  /** The reason: logged, and told to whose message it was. */
  readonly refuse: string;
}

/**
 * What a client sent up for the application.
 *
 * ```ts
 * import type { UpstreamMessage } from "./mod.ts";
 *
 * const ping: UpstreamMessage = { operation: 4, body: new TextEncoder().encode("ping") };
 * console.log(new TextDecoder().decode(ping.body));
 * ```
 */
export interface UpstreamMessage {
  /**
   * What the members of the room would see in the frame, for a message to a room where clients'
   * messages are pushed or that came by operation 70; else the frame's own operation: 4, or one of
   * the application's.
   */
  readonly operation: number;
  /** What the client sent, as it is. */
  readonly body: Uint8Array;
  /** Its place in the video or the like that the room is about, in milliseconds, where it has one. */
  readonly mediaMs?: number;
  /**
   * What the client calls it, where it may send it again: the same message has the same id. Nothing
   * keeps a client from giving it to another message, too.
   */
  readonly id?: string;
}

/**
 * What is answered in place of an empty body; text as its UTF-8.
 *
 * ```ts
 * import type { Reply } from "./mod.ts";
 *
 * const pong: Reply = { reply: "pong" };
 * console.log(pong.reply);
 * ```
 */
export interface Reply {
  /** At most as long as the body of a push. */
  readonly reply: Uint8Array | string;
}

/**
 * What is pushed to the room in place of what the client sent; text as its UTF-8.
 *
 * ```ts
 * import type { Replacement } from "./mod.ts";
 *
 * const polite: Replacement = { replace: "****" };
 * console.log(polite.replace);
 * ```
 */
export interface Replacement {
  /** At most as long as the body of a push. */
  readonly replace: Uint8Array | string;
}

/** A value, now or later. */
export type Awaitable<Value> = Value | PromiseLike<Value>;

/**
 * Where an application takes part. Each hook may be left out, may answer at once or by a promise,
 * and gets bytes that are its own. A promise has the time of the option `hook-timeout`. A hook
 * fails when it throws, is late, answers what it must not, or when too many calls of hooks are under
 * way; then the client gets what is said below, and the failure is logged and counted.
 *
 * ```ts
 * import { type Hooks, startServer } from "./mod.ts";
 *
 * const users = new Map([["s3cret", 1n]]);
 * const hooks: Hooks = {
 *   authenticate({ token }) {
 *     const mid = users.get(new TextDecoder().decode(token));
 *     return mid === undefined ? { refuse: "unknown token" } : { mid, room: "live://1" };
 *   },
 *   authorizeJoin: (identity, room) => identity.mid === 1n || room !== "live://staff",
 *   message: (_identity, _room, { body }) => ({ reply: body }),
 *   disconnected: (identity) => console.log("gone", identity.key),
 * };
 * const anyPort = { hostname: "127.0.0.1", port: 0 };
 * const server = await startServer({ tcp: anyPort, ws: anyPort, http: anyPort, hooks });
 * await server.close();
 * ```
 */
export interface Hooks {
  /**
   * Says who a client is. Left out, the token is goim's, which is believed whatever it says.
   *
   * In a cluster it may be asked several times for one client, also after its end, since an answer
   * may get lost: it should not use a token up. Of a client whose identity expires it is asked again
   * for each fresh token, which must be of the same mid, and of the same key if it has one.
   *
   * @returns Whom to let in, or why not: then the client is closed with code 4001 and should not
   * come back. When this hook fails it is closed with 1011 and should.
   */
  authenticate?(request: AuthRequest): Awaitable<Identity | Refusal>;
  /**
   * Says whether a client may join a room, that of its auth and each later one, or read the history
   * of one that it is not in.
   *
   * @returns False refuses: at its auth the client is closed with code 4008, later it stays in the
   * rooms where it is. When this hook fails the room is refused too, at an auth with code 1011.
   */
  authorizeJoin?(identity: ConnectionRef, room: string): Awaitable<boolean>;
  /**
   * Takes what a client sent up. Left out, it is logged at level debug, or pushed to the room where
   * rooms of its type have `upstream = "publish"`.
   *
   * It may be asked more than once for a message that has an id: when an answer gets lost, comets ask
   * another logic, and clients send it again.
   *
   * @param room The key of the room that it is for, or else of the client's room; empty in none.
   * @returns Nothing to let it pass: to the room, or answered with an empty body where messages are
   * not pushed. A replacement, where they are, is pushed instead. A reply says that the application
   * has taken it: it is not pushed. A refusal is answered as `{"code":-403,"message":reason}`, and
   * so is a failure of this hook, with code -500.
   */
  message?(
    identity: ConnectionRef,
    room: string,
    message: UpstreamMessage,
  ): Awaitable<Reply | Replacement | Refusal | undefined | void>;
  /**
   * A connection that was let in has ended. Called at most once for each, and only by a logic that
   * hears of it: not when the comet's process died or was cut off, when a store lost the session
   * before, or when the logic died meanwhile. When this hook fails that is all.
   */
  disconnected?(identity: ConnectionRef): Awaitable<void>;
}
