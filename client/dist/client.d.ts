/** A place in a room's log. */
export interface RoomPosition {
	readonly epoch: string;
	readonly offset: number;
}
/**
 * Who the client is: `{ token }` with a JWT, or what else the server is configured to check; the
 * members of goim's token, such as `{ mid: 1, accepts: [1000] }`; or text that the application's own
 * `authenticate` hook reads, which then has to name the features `rooms` and `notices`.
 */
export type Token = string | Readonly<Record<string, unknown>>;
/** Asked before each connection, and before a token expires. `refused`: the server did not take the token given last. */
export type TokenProvider = (attempt: {
	readonly refused: boolean;
}) => Token | Promise<Token>;
/** What a program may decide. */
export interface ClientOptions {
	readonly token?: Token | TokenProvider;
	/** How often the client says that it is there; 30,000 ms, or less where the server asks for it. */
	readonly heartbeatMs?: number;
	/** How long a publish or a read of history is tried; 10,000 ms, at most 240,000. */
	readonly publishTimeoutMs?: number;
	/** The first wait before it connects again is up to `baseMs`, 500; waits double up to `maxMs`, 20,000. */
	readonly backoff?: {
		readonly baseMs?: number;
		readonly maxMs?: number;
	};
	/** Used in place of the runtime's own. */
	readonly WebSocket?: new (url: string) => WebSocket;
	readonly fetch?: typeof fetch;
}
/** `waiting` is connecting again in a while; from `closed` it does not come back. */
export type ClientState = "connecting" | "connected" | "waiting" | "closed";
export interface ClientStateEvent {
	readonly state: ClientState;
	/** The code that the connection was closed with, where it was. */
	readonly code?: number;
	readonly reason?: string;
	/** For how long it waits, in milliseconds. */
	readonly retryMs?: number;
}
/** A push by key, by mid or to all. */
export interface Push {
	readonly op: number;
	/** JSON, or text; bytes where they are neither. Nothing at all comes as `{}`. */
	readonly body: unknown;
}
/** A message of a room. */
export interface RoomMessage extends Push {
	/** Its place in the room's log; 0 in rooms that keep no history. */
	readonly offset: number;
	/** Whether it was there before the client joined, or came back. */
	readonly recovered: boolean;
}
/** Messages of a room that will not come. */
export interface RoomGap {
	/** The first and the last one; missing where nobody knows. */
	readonly from?: number;
	readonly to?: number;
	readonly count?: number;
	/**
	 * `expired`: the room has kept them no longer. `skipped`: the client read too slowly. `epoch`: the
	 * room's log was lost and began anew. `unknown`: the room keeps no history, and there may be none.
	 */
	readonly reason: "expired" | "skipped" | "epoch" | "unknown";
}
/** `joining` until the server lets it in, also after each reconnect. */
export type RoomState = "joining" | "joined" | "refused" | "left";
export interface RoomStateEvent {
	readonly state: RoomState;
	/** Why it was refused; while it is `joining`, why it was not let in yet. */
	readonly code?: number;
	readonly message?: string;
	/** After how long it asks again, in milliseconds. */
	readonly retryMs?: number;
}
export interface ClientEvents {
	state: ClientStateEvent;
	message: Push;
	/** Pushes by key, by mid or to all may be missing. */
	gap: Readonly<Record<never, never>>;
}
export interface RoomEvents {
	/** Each message once, and in order. */
	message: RoomMessage;
	gap: RoomGap;
	/** It is back, and all it has missed comes next. */
	recovered: {
		readonly missed: number;
	};
	/** How many are in the room. */
	online: number;
	state: RoomStateEvent;
}
/** What has events. */
export interface Listenable<Events> {
	/** @returns Ends the listening. */
	on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void;
}
/** What of a room's past one wants: behind a position, or so many of the latest; else nothing. */
export interface JoinOptions {
	readonly since?: RoomPosition;
	readonly last?: number;
}
export interface PublishOptions {
	/** The operation that others see; the room type's own without. */
	readonly op?: number;
	/** Its place in the video or the like, in milliseconds. */
	readonly mediaMs?: number;
	/** Names the publish: the same id within five minutes is published once. */
	readonly id?: string;
}
/** Where a message is: epoch `""` and offset 0 in rooms that keep no history. */
export interface Published extends RoomPosition {
	/** What the application said, where it took the message in place of the room. */
	readonly reply?: unknown;
}
/** The latest messages, those behind an offset, or those of a span of media time. */
export interface HistoryOptions {
	readonly last?: number;
	readonly after?: number;
	readonly fromMs?: number;
	readonly toMs?: number;
	readonly limit?: number;
}
/** A message that a room has kept. */
export interface HistoryMessage extends Push {
	readonly offset: number;
	/** When it was published, in milliseconds since the Unix epoch. */
	readonly timeMs: number;
	readonly mediaMs?: number;
	/** Who published it, as digits. */
	readonly mid?: string;
}
export interface HistoryPage {
	readonly epoch: string;
	/** Offsets of the oldest message that is kept, and of the latest. */
	readonly first: number;
	readonly last: number;
	readonly messages: readonly HistoryMessage[];
	/** Whether there are more behind these; for `last`, before them. */
	readonly more: boolean;
}
/** A room that the client is in, over all its connections. */
export interface Room extends Listenable<RoomEvents> {
	readonly key: string;
	readonly state: RoomState;
	/** Up to where its messages have come: `since` of a later `join`. */
	readonly position: RoomPosition | undefined;
	/** Members, as the server said last. */
	readonly online: number;
	/**
	 * Publishes a message, once, however often the connection breaks.
	 *
	 * @param body Any JSON, text, or bytes.
	 * @throws {RequestError} By its promise.
	 */
	publish(body: unknown, options?: PublishOptions): Promise<Published>;
	/**
	 * Reads what the room has kept.
	 *
	 * @throws {RequestError} By its promise.
	 */
	history(options?: HistoryOptions): Promise<HistoryPage>;
	leave(): void;
}
/** A connection to a server, made again whenever it ends. */
export interface Client extends Listenable<ClientEvents> {
	readonly state: ClientState;
	/**
	 * Joins a room; the same one again is the same object. Listen to it before anything else is
	 * awaited, so that no message is missed.
	 *
	 * @param key Such as `live://1`, at most 256 characters.
	 * @throws {Error} When the client is closed, or the key too long.
	 */
	join(key: string, options?: JoinOptions): Room;
	/** Ends it for good; what waits to be published fails. */
	close(): void;
}
/** A publish or a read of history failed. */
export declare class RequestError extends Error {
	readonly code: number;
	readonly retryMs?: number | undefined;
	readonly name = "RequestError";
	/**
	 * @param code The server's, or -408 when no answer came in time, -429 also when too many wait, and
	 * -499 when the room was left or the client ended. After -408 and -499 nobody knows whether a
	 * message was published.
	 * @param message For whoever writes the application.
	 * @param retryMs When it is worth another try, in milliseconds.
	 */
	constructor(code: number, message: string, retryMs?: number | undefined);
}
/**
 * Connects, and stays connected.
 *
 * @param urls Of a server, `ws://host:3102/sub`, of several, or `http://host:3111` to ask there for
 * the best one.
 * @throws {TypeError} When one is no URL, or there is none.
 */
export declare function connect(urls: string | readonly string[], options?: ClientOptions): Client;

export {};
