import { sleep } from "../../base/clock.ts";
import { type Prng, randomBelow, randomFloat } from "../../base/prng.ts";
import { encodeAuth, encodeHeartbeat } from "../../client/codec.ts";
import {
  type Answer,
  decodeBody,
  encodeJoin,
  encodePublish,
  type PublishAnswer,
} from "../../client/rooms.ts";
import { ClientStream, type StreamEvents } from "../../client/stream.ts";
import type { Conn, ConnHandler } from "../../platform/port.ts";
import type { Frame } from "../../protocol/frame.ts";
import type { StreamPosition } from "../../protocol/history.ts";
import { Operation } from "../../protocol/operations.ts";
import { roomKeyOf } from "../../sim/client/virtual_client.ts";
import type { Host } from "./host.ts";
import { COMETS, ports } from "./roles.ts";
import type { World } from "./world.ts";

const PUBLISHERS = 3;

/** The user of the first; those of the other clients are below. */
const MID_FIRST = 1_001;

/** How long one tries to have a message taken, in milliseconds. */
const PATIENCE_MS = 10_000;

/** How long it waits for one answer before it gives its connection up, and before it comes back. */
const ANSWER_MS = 3_000;
const RETRY_MS = 100;

/** For so few of its answers it has less time where it may say the message again, in milliseconds. */
const HASTY = 1 / 6;
const HASTY_MS = 30;

/** How often it sends a heartbeat at least where it has something to say, in milliseconds. */
const BEAT_MS = 1_000;

/** Clients that publish what is to be said: each in some of the rooms, of which it is a member. */
export class Publishers {
  readonly #publishers: readonly Publisher[];
  /** Whether they publish still. */
  isOpen = true;

  /** @param hasIds Whether each message has an id, and is said again until it is known to be taken. */
  constructor(private readonly world: World, hasIds: boolean) {
    const host = world.newHost("publishers");
    this.#publishers = Array.from(
      { length: PUBLISHERS },
      (_, index) => new Publisher(world, host, MID_FIRST + index, hasIds),
    );
  }

  /**
   * Publishes into a room by operation 70.
   *
   * @returns Whether it was taken, or where it stands in the room's log then.
   */
  publish(room: number, body: Uint8Array): Promise<StreamPosition | boolean> {
    return this.#publishers[room % PUBLISHERS].publish(room, body);
  }

  /** Ends their connections, and checks that nothing is there of what was refused. */
  stop(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.world.record(
      `clients have published ${this.#sum("published")} messages and said ` +
        `${this.#sum("repeated")} of them again; ${this.#sum("limited")} were too many`,
    );
    const { pushLog } = this.world.store;
    for (const publisher of this.#publishers) {
      publisher.stop();
      for (const body of publisher.refused) {
        if (pushLog.hasTaken(body)) this.world.fail("a message that was refused was pushed");
      }
    }
  }

  #sum(count: "published" | "repeated" | "limited"): number {
    return this.#publishers.reduce((sum, publisher) => sum + publisher[count], 0);
  }
}

class Publisher implements ConnHandler<unknown>, StreamEvents<Publisher> {
  /** Messages of which each answer said that they were not taken. */
  readonly refused: Uint8Array[] = [];
  /** Messages that were taken, that were said again, and that were refused for being too many. */
  published = 0;
  repeated = 0;
  limited = 0;
  readonly #prng: Prng;
  /** Ends with the last message so far. */
  #line: Promise<unknown> = Promise.resolve();
  #conn: Conn | undefined;
  #stream: ClientStream<Publisher> | undefined;
  /** Where it is a member. */
  readonly #rooms = new Set<number>();
  #requests = 0;
  #messages = 0;
  #beatMs = 0;
  #isStopped = false;
  /** Called with the answer that it waits for, or with nothing. */
  #answered: (answer: Answer | undefined) => void = () => {};

  constructor(
    private readonly world: World,
    private readonly host: Host,
    private readonly mid: number,
    private readonly hasIds: boolean,
  ) {
    this.#prng = world.prng;
  }

  publish(room: number, body: Uint8Array): Promise<StreamPosition | boolean> {
    const taken = this.#line.then(() => this.#publish(room, body));
    this.#line = taken;
    return taken;
  }

  stop(): void {
    this.#isStopped = true;
    this.#evict();
  }

  async #publish(room: number, body: Uint8Array): Promise<StreamPosition | boolean> {
    const { clock } = this.host;
    const endMs = clock.monotonicMs() + PATIENCE_MS;
    const id = this.hasIds ? `message ${++this.#messages}` : undefined;
    const request = { room: roomKeyOf(room), body_base64: body.toBase64(), id };
    let mayBeTaken = false;
    while (!this.#isStopped && clock.monotonicMs() < endMs && (!mayBeTaken || this.hasIds)) {
      if (!await this.#isReady(room)) {
        await sleep(clock, RETRY_MS);
        continue;
      }
      if (mayBeTaken) this.repeated++;
      const isHasty = this.hasIds && randomFloat(this.#prng) < HASTY;
      const patienceMs = isHasty ? randomBelow(this.#prng, HASTY_MS) : ANSWER_MS;
      const answer = await this.#ask((sequence) => encodePublish(request, sequence), patienceMs);
      if (answer?.code === 0) {
        this.published++;
        const { epoch, offset } = answer as PublishAnswer;
        return epoch === "" ? true : { epoch, offset };
      }
      mayBeTaken ||= answer === undefined || answer.code === -500;
      if (answer?.code === -429) {
        this.limited++;
        if (randomBelow(this.#prng, 2) === 0) break;
        await sleep(clock, answer.retry_ms!);
      } else if (answer?.code === -500) {
        if (randomBelow(this.#prng, 2) === 0) this.#evict();
        await sleep(clock, RETRY_MS);
      } else if (answer !== undefined) {
        this.world.fail(`a message was answered ${JSON.stringify(answer)}`);
        break;
      }
    }
    if (!mayBeTaken) this.refused.push(body);
    return false;
  }

  /** Connects and joins, where it has to. */
  async #isReady(room: number): Promise<boolean> {
    if (this.#stream === undefined && !await this.#connect()) return false;
    const nowMs = this.host.clock.monotonicMs();
    if (nowMs >= this.#beatMs + BEAT_MS) {
      this.#beatMs = nowMs;
      this.#stream!.send(encodeHeartbeat());
    }
    if (this.#rooms.has(room)) return true;
    const answer = await this.#ask((sequence) => encodeJoin({ room: roomKeyOf(room) }, sequence));
    if (answer?.code !== 0) return false;
    this.#rooms.add(room);
    return this.#stream !== undefined;
  }

  /** Connects to any of the comets and authenticates. */
  async #connect(): Promise<boolean> {
    const index = randomBelow(this.#prng, COMETS);
    const isWebSocket = randomBelow(this.#prng, 2) === 0;
    const port = isWebSocket ? ports.ws(index) : ports.tcp(index);
    try {
      this.#conn = await this.host.streams.dial({
        hostname: "127.0.0.1",
        port,
        pendingBytesMax: 64 * 1024,
        handler: this,
      });
    } catch {
      return false;
    }
    const stream = this.#stream = new ClientStream<Publisher>(this, isWebSocket, this);
    this.#beatMs = this.host.clock.monotonicMs();
    const answer = await this.#ask(() => stream.begin(`127.0.0.1:${port}`));
    return answer?.code === 0;
  }

  /** Sends a request and waits for its answer; without one the connection ends. */
  async #ask(
    send: (sequence: number) => Uint8Array | void,
    patienceMs = ANSWER_MS,
  ): Promise<Answer | undefined> {
    const { clock } = this.host;
    const { promise, resolve } = Promise.withResolvers<Answer | undefined>();
    this.#answered = resolve;
    const timer = clock.setTimeout(() => this.#evict(), patienceMs);
    const frame = send(++this.#requests);
    if (frame !== undefined) this.#stream!.send(frame);
    const answer = await promise;
    clock.cancel(timer);
    return answer;
  }

  #evict(): void {
    this.#conn?.evict();
    this.#lost();
  }

  #lost(): void {
    this.#conn = this.#stream = undefined;
    this.#rooms.clear();
    this.#answered(undefined);
  }

  opened(): void {
    const features = ["rooms"];
    const identity = { mid: this.mid, accepts: [], features };
    this.#stream!.send(encodeAuth(identity, this.#requests));
  }

  frame(_: Publisher, { operation, sequence, body }: Frame): void {
    const isAnswer = operation === Operation.AuthReply || operation === Operation.JoinReply ||
      operation === Operation.PublishReply;
    if (isAnswer && sequence === this.#requests) this.#answered(decodeBody(body));
  }

  write(_: Publisher, bytes: Uint8Array): void {
    this.#conn!.write(bytes);
  }

  closing(): void {
    this.#conn!.end();
  }

  open(): void {}

  data(conn: Conn, chunk: Uint8Array): void {
    if (conn === this.#conn) this.#stream?.push(chunk);
  }

  drain(): void {}

  end(conn: Conn): void {
    conn.end();
  }

  close(conn: Conn): void {
    if (conn === this.#conn) this.#lost();
  }
}
