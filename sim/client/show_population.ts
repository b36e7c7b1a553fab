import type { Clock } from "../../base/clock.ts";
import type { Streams } from "../../platform/port.ts";
import type { Frame } from "../../protocol/frame.ts";
import type { StreamPosition } from "../../protocol/history.ts";
import { isProtocolOperation, Operation } from "../../protocol/operations.ts";
import { FOREIGN, judgePublished } from "../checkers/published.ts";
import type { MessageReader } from "../checkers/push_body.ts";
import { messageOf, readMessage } from "../show/comments.ts";
import { type Act, VIDEO_MS } from "../show/show.ts";
import type { Published, PublishedTotals } from "../show/types.ts";
import type { CursorTotals } from "../types.ts";
import { ClientMessages } from "./client_messages.ts";
import type { ObserverSettings } from "./client_observer.ts";
import { type Performance, Performer } from "./performer.ts";
import { Population } from "./population.ts";
import { authorOf, isWriting, Publisher, type WritingClient } from "./publisher.ts";
import { ClientState, PUSH, type VirtualClient } from "./virtual_client.ts";

/** The operation of likes. */
const LIKE = 1001;

/** How many of the latest messages a viewer asks for that comes for the first time. */
const LAST = 50;

/** Reads messages of a room that others may use as well. */
function showReader(tag: number): MessageReader {
  return (body, _room, client) => {
    const message = readMessage(body);
    if (message?.tag !== tag) return { number: FOREIGN, dueMs: undefined };
    const { number, dueMs } = message;
    // How soon its author has it again says nothing of the others.
    return { number, dueMs: authorOf(number) === client ? undefined : dueMs };
  };
}

/** Virtual clients that may watch a show, and write into its rooms. */
export class ShowPopulation extends Population {
  readonly #publisher: Publisher;
  readonly #performer: Performer;
  readonly #tag: number;
  readonly #byIndex = new Map<number, VirtualClient>();

  /** @param isShow Whether they watch one; they get pushes otherwise. */
  constructor(
    streams: Streams,
    clock: Clock,
    settings: ObserverSettings,
    private readonly isShow: boolean,
  ) {
    const { tag } = settings;
    super(streams, clock, isShow ? { ...settings, read: showReader(tag), last: LAST } : settings);
    this.#tag = tag;
    this.#publisher = new Publisher(clock, `sim-${tag}-`, this.counts);
    this.#performer = new Performer(
      clock,
      (client) => this.#clientOf(client) !== undefined,
      (act, dueMs) => this.#perform(act, dueMs),
    );
  }

  /** Does its clients' part of a show, and goes on by itself until the show is over. */
  perform(performance: Performance): void {
    void this.#performer.run(performance);
  }

  /** What has become of the messages of its clients. */
  published(): Published {
    return this.#publisher.published(this.clients);
  }

  /** What its clients say of the messages of all. */
  publishedTotals(published: Pick<Published, "accepted" | "refused">): PublishedTotals {
    return judgePublished(this.logs.cursors.numbers, published);
  }

  /** What the cursors of its clients say, given how far rooms had got at least. */
  showTotals(heads: readonly (StreamPosition | null)[]): CursorTotals {
    return this.logs.cursors.totals([], heads.map((head) => head ?? undefined), false);
  }

  override stop(): void {
    this.#performer.stop();
    super.stop();
  }

  override frame(client: VirtualClient, frame: Frame, room: string): void {
    const { operation, sequence, body } = frame;
    // In a room with history whatever is pushed has an offset.
    if (this.isShow && !isProtocolOperation(operation)) return this.pushed(client, frame, room);
    super.frame(client, frame, room);
    if (!isWriting(client)) return;
    if (operation === Operation.AuthReply) this.#publisher.resume(client);
    if (operation === Operation.PublishReply) this.#publisher.answered(client, sequence, body);
  }

  protected override beat(
    clients: readonly VirtualClient[],
    nowMs: number,
    periodMs: number,
  ): void {
    super.beat(clients, nowMs, periodMs);
    if (!this.isShow) return;
    for (const client of clients) if (isWriting(client)) this.#publisher.tick(client, nowMs);
  }

  #perform(act: Act, dueMs: number): void {
    const client = this.#clientOf(act.client)!;
    if (act.kind === "go") return this.disconnectOne(client);
    if (act.kind === "return") return this.#return(client);
    if (client.state !== ClientState.open) return;
    client.messages ??= new ClientMessages();
    this.#publisher.publish(client as WritingClient, {
      op: act.kind === "like" ? LIKE : PUSH,
      media_ms: act.atMs % VIDEO_MS,
      body: (number) => messageOf(act, { tag: this.#tag, number, dueMs }),
    });
  }

  /** Brings a client back, unless it had not come at all when it was to go. */
  #return(client: VirtualClient): void {
    if (client.state === ClientState.disconnected) void this.connector.connect(client);
  }

  #clientOf(index: number): VirtualClient | undefined {
    for (let at = this.#byIndex.size; at < this.clients.length; at++) {
      this.#byIndex.set(this.clients[at].index, this.clients[at]);
    }
    return this.#byIndex.get(index);
  }
}
