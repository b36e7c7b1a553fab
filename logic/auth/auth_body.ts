import { type AuthWishes, parseAuthWishes } from "../../protocol/auth_token.ts";
import { decodeUtf8 } from "../../protocol/utf8.ts";
import type { Identity } from "../hooks.ts";

/** The body of an auth frame where it has a token of somebody else. */
export interface AuthBody {
  /** All of it, without white space around it. */
  readonly text: string;
  /** The same, or the member of JSON, also without it; nothing when the JSON has none. */
  readonly token: string | undefined;
  /** What the client wants beside it. */
  readonly wishes: AuthWishes;
}

const noWishes: AuthWishes = { accepts: [] };

/**
 * Splits the body of an auth frame: the token alone, or where it begins with `{` a JSON object with
 * the token and wishes; who the client says that it is in there does not count.
 *
 * @returns Nothing when it is no text.
 * @throws {ProtocolError} When the JSON is wrong.
 */
export function readAuthBody(bytes: Uint8Array): AuthBody | undefined {
  const text = decodeUtf8(bytes)?.trim();
  if (text === undefined) return undefined;
  if (!text.startsWith("{")) return { text, token: text, wishes: noWishes };
  const { token, ...wishes } = parseAuthWishes(text);
  return { text, token: token?.trim(), wishes };
}

/** Who a client is, with what it wants as far as nobody has decided that already. */
export function withWishes(
  identity: Identity,
  { room, accepts, ...extras }: AuthWishes,
): Identity {
  return {
    ...identity,
    ...extras,
    room: room ?? identity.room,
    accepts: identity.accepts ?? accepts,
  };
}
