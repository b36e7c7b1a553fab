import { type Prng, uuid } from "../../base/prng.ts";
import { OFFSET_MAX } from "../../protocol/history.ts";
import type { PushMessage } from "../../protocol/push_message.ts";
import { checkBody, pushBytes } from "../checks.ts";
import { newEpoch, publishKey, ROOM_STATE_MS } from "../history.ts";
import { type Appended, type AppendOptions, PUBLISH_ID_MS, PushLogFull } from "../ports.ts";
import type { PushLogOptions } from "../store.ts";
import { APPEND, ONCE_MS, onceKey, publishIdKey } from "./append_script.ts";
import { messageHeader } from "./history.ts";
import { encodeEntry } from "./push_entries.ts";
import { partitionKeys } from "./push_scripts.ts";
import { roomKeys } from "./room_script.ts";
import { type RedisStore, textOf } from "./store.ts";

/** Keys and arguments of {@linkcode APPEND} that belong together. */
interface Part {
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

/** No history, no answer that is kept. */
const NO_ROOM: Part = { keys: [], args: ["0", "0", "0", "0", "", "", ""] };
const NO_ANSWER: Part = { keys: [], args: ["0"] };

/** Stores pushes: in the log, and in the histories of rooms. */
export class Appends {
  readonly #bytesMax: number;
  readonly #offsetMax: number;

  /** @param prng Where epochs come from, and names of appends that may be sent twice. */
  constructor(
    private readonly store: RedisStore,
    { partitionBytesMax, offsetMax = OFFSET_MAX }: PushLogOptions,
    private readonly prng: Prng,
  ) {
    this.#bytesMax = partitionBytesMax;
    this.#offsetMax = offsetMax;
  }

  /** As {@linkcode PushLog.append}. */
  async append(
    partition: number,
    message: PushMessage,
    options: AppendOptions,
  ): Promise<Appended> {
    checkBody(message);
    const bytes = pushBytes(message);
    const { push, meta } = partitionKeys(partition);
    const room = this.#room(partition, message, options);
    const answer = this.#answer(partition, message, options);
    const keys = [push, meta, ...room.keys, ...answer.keys];
    const numbers = [String(bytes), String(this.#bytesMax), ...answer.args, ...room.args];
    const fields = encodeEntry(message, this.store.base64);
    const reply = await this.store.run(APPEND, keys, [...numbers, ...fields]);
    if (typeof reply !== "number") return appendedOf(textOf(reply));
    throw new PushLogFull(
      `Cannot append ${bytes} bytes to push log: partition ${partition} must hold at most ` +
        `${this.#bytesMax} bytes, current value is ${reply}`,
    );
  }

  #room(partition: number, message: PushMessage, { retention }: AppendOptions): Part {
    if (message.kind !== "room" || retention === undefined) return NO_ROOM;
    const { sizeMax, ttlMs, by } = retention;
    const { state, log, media, segments } = roomKeys(partition, message.room);
    const kept = [sizeMax, ttlMs, ttlMs + ROOM_STATE_MS, this.#offsetMax].map(String);
    const mediaMs = message.mediaMs === undefined ? "" : String(message.mediaMs);
    const header = messageHeader(message, this.store.base64);
    const keys = [state, log, media, ...(by === "media" ? segments : [])];
    return { keys, args: [...kept, newEpoch(this.prng), mediaMs, header] };
  }

  /** A publish id tells an append from all others, also when it is sent twice. */
  #answer(partition: number, message: PushMessage, { publishId }: AppendOptions): Part {
    if (publishId !== undefined) {
      const key = publishIdKey(partition, publishKey(message, publishId));
      return { keys: [key], args: [String(PUBLISH_ID_MS)] };
    }
    if (!this.store.mayRepeat) return NO_ANSWER;
    return { keys: [onceKey(partition, uuid(this.prng))], args: [String(ONCE_MS)] };
  }
}

/** Reads the answer of {@linkcode APPEND}: a position, and the epoch and the offset in a room. */
function appendedOf(reply: string): Appended {
  const [position, epoch, offset] = reply.split(" ");
  if (epoch === undefined) return { position: Number(position) };
  return { position: Number(position), stream: { epoch, offset: Number(offset) } };
}
