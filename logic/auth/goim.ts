import { parseAuthToken } from "../../protocol/auth_token.ts";
import { ProtocolError } from "../../protocol/close_codes.ts";
import type { AuthRequest, Identity, Refusal } from "../hooks.ts";

/** Goim's token, in which clients say themselves who they are: whatever it says is believed. */
export function goimAuth({ token }: Pick<AuthRequest, "token">): Identity | Refusal {
  try {
    return parseAuthToken(token);
  } catch (error) {
    if (error instanceof ProtocolError) return { refuse: error.message };
    throw error;
  }
}
