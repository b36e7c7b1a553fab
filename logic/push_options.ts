import { excerpt } from "../protocol/excerpt.ts";
import { isCount } from "../protocol/history_query.ts";
import { isPublishId, mediaMsForm, publishIdForm } from "../protocol/push_message.ts";
import { BadRequest } from "./bad_request.ts";

/**
 * What may be said of a push beside whom it is for.
 *
 * ```ts
 * import type { PushOptions } from "./mod.ts";
 *
 * const options: PushOptions = { id: "order-7-paid" };
 * console.log(options);
 * ```
 */
export interface PushOptions {
  /**
   * Names the push among those to the same room, to keys of one comet, or of one operation to all:
   * for five minutes another with this id stores nothing and is answered as the first one was. At
   * most 128 characters.
   */
  readonly id?: string;
}

/**
 * What may be said of a push to a room.
 *
 * ```ts
 * import type { RoomPushOptions } from "./mod.ts";
 *
 * const options: RoomPushOptions = { id: "order-7-paid", mediaMs: 61_500, mid: 7n };
 * console.log(options);
 * ```
 */
export interface RoomPushOptions extends PushOptions {
  /** Its place in the video or the like that the room is about, in milliseconds from 0. */
  readonly mediaMs?: number;
  /** Who said it, an int64; the room's history tells. */
  readonly mid?: bigint;
}

/** @throws {BadRequest} When one of them is wrong. */
export function checkOptions({ id, mediaMs, mid }: RoomPushOptions): void {
  if (id !== undefined && !isPublishId(id)) {
    throw new BadRequest(`id must be ${publishIdForm}, current value is "${excerpt(id)}"`);
  }
  if (mediaMs !== undefined && !isCount(mediaMs)) {
    throw new BadRequest(`media_ms must be ${mediaMsForm}, current value is ${mediaMs}`);
  }
  if (mid !== undefined && BigInt.asIntN(64, mid) !== mid) {
    throw new BadRequest(`mid must be an int64, current value is ${mid}`);
  }
}
