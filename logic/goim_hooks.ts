import { getLogger } from "@logtape/logtape";
import { parseAuthToken } from "../protocol/auth_token.ts";
import { ProtocolError } from "../protocol/close_codes.ts";
import type { Hooks } from "./hooks.ts";

const logger = getLogger(["halley", "logic"]);

/** What holds where an application has no hook: goim's token, and messages that go nowhere. */
export const goimHooks = {
  authenticate({ token }) {
    try {
      return parseAuthToken(token);
    } catch (error) {
      if (error instanceof ProtocolError) return { refuse: error.message };
      throw error;
    }
  },
  message({ server, mid }, _room, { operation, body }) {
    if (!logger.isEnabledFor("debug")) return;
    logger.debug("Received operation {operation} from mid {mid} on {server}: {bytes} bytes", {
      operation,
      mid: String(mid),
      server,
      bytes: body.byteLength,
    });
  },
} as const satisfies Hooks;
