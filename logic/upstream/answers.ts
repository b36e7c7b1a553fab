import type { PublishReply } from "../../protocol/cluster/publish.ts";
import { EMPTY } from "../../protocol/frame.ts";
import type { StreamPosition } from "../../protocol/history.ts";
import { RequestCode } from "../../protocol/request_codes.ts";

const encoder = new TextEncoder();

/**
 * The answer to a message that was taken.
 *
 * @param stream Where it is in the room's log, if it was pushed there and the room keeps one.
 * @param reply What the application answers that took it itself.
 */
export function taken(stream?: StreamPosition, reply = EMPTY): PublishReply {
  const { epoch = "", offset = 0 } = stream ?? {};
  return { code: RequestCode.done, message: "", retryMs: 0, epoch, offset, reply };
}

/** The answer to a message that was not. */
export function notTaken(code: number, message: string, retryMs = 0): PublishReply {
  return { code, message, retryMs, epoch: "", offset: 0, reply: EMPTY };
}

/** An answer as the body of a reply in goim's way: empty, or why the message was not taken. */
export function replyBody({ code, message, retryMs, reply }: PublishReply): Uint8Array {
  if (code === RequestCode.done) return reply;
  const retry = retryMs > 0 ? { retry_ms: retryMs } : undefined;
  return encoder.encode(JSON.stringify({ code, message, ...retry }));
}
