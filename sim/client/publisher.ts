import { decodeBody, encodePublish, type PublishAnswer } from "../../client/rooms.ts";
import type { Clock } from "../../base/clock.ts";
import type { AcceptedMessages, Published } from "../show/types.ts";
import type { ClientMessages, PendingMessage } from "./client_messages.ts";
import { ClientState, type VirtualClient } from "./virtual_client.ts";

/** Messages that one client may send in a run; they also number those of all clients. */
const MESSAGES_MAX = 2 ** 20;

/** How long an answer may take, in milliseconds. */
const ANSWER_MS_MAX = 10_000;

/** Failures that are described; the others are only counted. */
const DESCRIBED_MAX = 20;

/** The client that a message is of. */
export function authorOf(number: number): number {
  return Math.floor(number / MESSAGES_MAX);
}

/** A client that sends messages. */
export type WritingClient = VirtualClient & { readonly messages: ClientMessages };

export function isWriting(client: VirtualClient): client is WritingClient {
  return client.messages !== undefined;
}

/** What a client sends. */
export interface ToPublish {
  readonly op: number;
  readonly media_ms: number;
  /** @param number Of the message, among all of the run. */
  readonly body: (number: number) => unknown;
}

/** Messages that were taken, and that were refused. */
interface PublishCounts {
  published: number;
  refused: number;
}

/** Accepted messages of one epoch of a room, while they come. */
type Accepted = { -readonly [Key in keyof AcceptedMessages]: AcceptedMessages[Key] } & {
  readonly numbers: number[];
  readonly offsets: number[];
  readonly sentMs: number[];
};

/** Sends the messages of virtual clients, and says what the server answered. */
export class Publisher {
  readonly #sums = { sent: 0, failed: 0, unanswered: 0 };
  readonly #accepted: Accepted[] = [];
  readonly #refused: number[] = [];
  readonly #reasons = new Map<string, number>();
  readonly #failures: string[] = [];

  /** @param idPrefix Begins the publish ids of this run; no other run may have it. */
  constructor(
    private readonly clock: Clock,
    private readonly idPrefix: string,
    private readonly counts: PublishCounts,
  ) {}

  /** Sends a message into the client's room. */
  publish(client: WritingClient, { body, ...rest }: ToPublish): void {
    const { messages, index } = client;
    const sequence = ++messages.count;
    const number = index * MESSAGES_MAX + sequence;
    const request = {
      room: client.keyOf(client.room),
      ...rest,
      body: body(number),
      id: this.idPrefix + number,
    };
    const frame = encodePublish(request, sequence);
    const askedMs = this.clock.monotonicMs();
    messages.pending.set(sequence, {
      number,
      frame,
      sentMs: this.clock.wallMs(),
      askedMs,
      tries: 1,
    });
    this.#sums.sent++;
    client.stream!.send(frame);
  }

  /** Sends again, under the same ids, what a client that has come back has no answer to. */
  resume({ messages: { pending }, stream }: WritingClient): void {
    for (const message of pending.values()) {
      message.tries++;
      message.askedMs = this.clock.monotonicMs();
      stream!.send(message.frame);
    }
  }

  answered(client: WritingClient, sequence: number, body: Uint8Array): void {
    const { messages: { pending }, index } = client;
    const message = pending.get(sequence);
    const answer = decodeBody<PublishAnswer>(body);
    if (message === undefined) {
      this.#sums.failed++;
      return this.#describe(`client ${index} got an answer to a message that it had not sent`);
    }
    pending.delete(sequence);
    if (answer.code === 0) return this.#taken(client, message, answer);
    const { code, message: reason = "" } = answer;
    if (code !== -403 && code !== -429) {
      this.#sums.failed++;
      return this.#describe(`client ${index} could not publish: ${code} ${reason}`);
    }
    this.counts.refused++;
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
    // One that was sent before may have been taken then.
    if (message.tries === 1) this.#refused.push(message.number);
  }

  /** Gives up what has had no answer for too long. */
  tick({ messages: { pending }, index, state }: WritingClient, nowMs: number): void {
    if (pending.size === 0 || state !== ClientState.open) return;
    for (const [sequence, { askedMs }] of pending) {
      if (nowMs < askedMs + ANSWER_MS_MAX) continue;
      pending.delete(sequence);
      this.#sums.unanswered++;
      this.#describe(`client ${index} got no answer to its message in time`);
    }
  }

  /** What has become of all messages. */
  published(clients: readonly VirtualClient[]): Published {
    const { sent, failed, unanswered } = this.#sums;
    const pending = clients.reduce((sum, { messages }) => sum + (messages?.pending.size ?? 0), 0);
    return {
      sent,
      accepted: this.#accepted,
      refused: this.#refused,
      reasons: [...this.#reasons],
      failed,
      unanswered: unanswered + pending,
      failures: this.#failures,
    };
  }

  #taken(
    { index, room }: WritingClient,
    { number, sentMs }: PendingMessage,
    answer: PublishAnswer,
  ): void {
    const { epoch, offset } = answer;
    if (!epoch) {
      this.#sums.failed++;
      return this.#describe(`client ${index} published into a room that keeps no history`);
    }
    this.counts.published++;
    const isSame = (one: Accepted) => one.room === room && one.epoch === epoch;
    let accepted = this.#accepted.find(isSame);
    if (accepted === undefined) {
      accepted = { room, epoch, numbers: [], offsets: [], sentMs: [] };
      this.#accepted.push(accepted);
    }
    accepted.numbers.push(number);
    accepted.offsets.push(offset);
    accepted.sentMs.push(sentMs);
  }

  #describe(failure: string): void {
    if (this.#failures.length < DESCRIBED_MAX) this.#failures.push(failure);
  }
}
