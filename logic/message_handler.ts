import { getLogger } from "@logtape/logtape";
import type { ReceivedFrame } from "../protocol/cluster/connection.ts";

/** The application: takes the frames that clients send up. */
export interface MessageHandler {
  /**
   * @param frame Its body is borrowed until the call returns its promise.
   */
  receive(frame: ReceivedFrame): Promise<void>;
}

const logger = getLogger(["halley", "logic"]);

/** Logs each frame at debug level and does nothing else. */
export const loggingHandler: MessageHandler = {
  receive({ server, mid, operation, body }) {
    if (logger.isEnabledFor("debug")) {
      logger.debug("Received operation {operation} from mid {mid} on {server}: {bytes} bytes", {
        operation,
        mid: String(mid),
        server,
        bytes: body.byteLength,
      });
    }
    return Promise.resolve();
  },
};
