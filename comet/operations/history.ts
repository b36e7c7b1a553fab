import type { Clock } from "../../base/clock.ts";
import { Semaphore } from "../../base/semaphore.ts";
import { TurnBudget } from "../../base/turn_budget.ts";
import type { HistoryPage, HistoryQuery } from "../../protocol/history.ts";
import { historyJson, messageJson } from "../../protocol/history_json.ts";
import { historyQuery } from "../../protocol/history_query.ts";
import { Limits } from "../../protocol/limits.ts";
import { Operation } from "../../protocol/operations.ts";
import { RequestCode } from "../../protocol/request_codes.ts";
import { utf8Length } from "../../protocol/utf8.ts";
import type { LogicApi } from "../../protocol/cluster/logic_calls.ts";
import type { Channel } from "../channel.ts";
import type { ConnectionManager } from "../connection_manager.ts";
import type { CometCounters } from "../counters.ts";
import type { JoinRules } from "./join_rules.ts";
import type { Replies } from "./replies.ts";
import { type RequestMembers, RequestRefused, roomOf } from "./request.ts";

/**
 * Requests of all clients for which logic is asked at a time. What rooms' logs read for members has
 * a limit of its own, so that these cannot hold it up.
 */
export const HISTORY_REQUESTS_MAX = 64;

/** Requests that may wait for that. */
export const HISTORY_WAITING_MAX = 1_000;

/** Milliseconds of a turn of the event loop after which answers are made in the next one. */
const ANSWER_MS_PER_TURN = 5;

/** When a client may ask again that was refused for a limit, in milliseconds. */
const RETRY_MS = 1_000;

const encoder = new TextEncoder();

/** Operation 68: a client reads what a room has kept. */
export class History {
  readonly #reads = new Semaphore(HISTORY_REQUESTS_MAX, HISTORY_WAITING_MAX);
  readonly #answers: TurnBudget;

  constructor(
    private readonly connections: ConnectionManager,
    private readonly logic: LogicApi,
    private readonly rules: JoinRules,
    private readonly counters: CometCounters,
    private readonly replies: Replies,
    clock: Clock,
  ) {
    this.#answers = new TurnBudget(clock, ANSWER_MS_PER_TURN);
  }

  /**
   * Reads and answers.
   *
   * @throws {RequestRefused} By its promise.
   * @throws {Error} By its promise, when logic cannot be asked.
   */
  async read(channel: Channel, sequence: number, members: RequestMembers): Promise<void> {
    const room = roomOf(members);
    const { after, last, limit, from_ms: fromMs, to_ms: toMs } = members;
    const range = { after, last, limit, fromMs, toMs };
    const query = historyQuery(room, range, Limits.historyAnswerBytesMax);
    if ("wrong" in query) throw new RequestRefused(RequestCode.badRequest, query.wrong);
    if (this.connections.roomTypes.of(room).historySize === 0) {
      throw new RequestRefused(RequestCode.noHistory, "rooms of this type keep no history");
    }
    this.rules.limit.demand(channel);
    if (!channel.isIn(room) && !await this.rules.mayJoin(channel, room)) {
      throw new RequestRefused(RequestCode.refused, "the client may not read the room");
    }
    const body = await this.#read(channel, query);
    if (body === undefined || !channel.isOpen) return;
    if (this.replies.send(channel, Operation.HistoryReply, sequence, body)) return;
    throw this.#refusal("too much waits for the connection");
  }

  /** Reads and makes the answer, unless the channel has closed. */
  async #read(channel: Channel, query: HistoryQuery): Promise<Uint8Array | undefined> {
    try {
      await this.#reads.acquire();
    } catch {
      throw this.#refusal("too many ask for history");
    }
    try {
      const page = await this.logic.readHistory(query);
      if (!channel.isOpen) return undefined;
      return await this.#answers.run(() =>
        encoder.encode(`{"code":0,${boundedJson(query, page)}}`)
      );
    } finally {
      this.#reads.release();
    }
  }

  #refusal(message: string): RequestRefused {
    this.counters.historyRefused++;
    return new RequestRefused(RequestCode.limit, message, RETRY_MS);
  }
}

/**
 * The members of an answer that is not too large as JSON, which can take several times the bytes of
 * the bodies. One message is there always; those that find no place are the latest ones, or for
 * `last` the oldest.
 */
function boundedJson({ room, last }: HistoryQuery, page: HistoryPage): string {
  const messages = page.messages.map(messageJson);
  if (last !== undefined) messages.reverse();
  let bytes = utf8Length(historyJson(room, page, [])) + '{"code":0,}'.length;
  let count = 0;
  while (count < messages.length) {
    bytes += utf8Length(messages[count]) + 1;
    if (count > 0 && bytes > Limits.historyAnswerBytesMax) break;
    count++;
  }
  const kept = messages.slice(0, count);
  if (last !== undefined) kept.reverse();
  return historyJson(room, { ...page, more: page.more || count < messages.length }, kept);
}
