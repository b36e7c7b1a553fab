import { getLogger } from "@logtape/logtape";
import type { Hooks } from "./hooks.ts";

const logger = getLogger(["halley", "logic"]);

/** What holds where an application has no hook: as in goim, messages go nowhere. */
export const goimHooks = {
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
