import { encodeAuth } from "../client/codec.ts";
import { decodeBody, encodePublish, type PublishAnswer } from "../client/rooms.ts";
import { ClientStream, type StreamEvents } from "../client/stream.ts";
import type { Conn } from "../platform/port.ts";
import { selectPlatform } from "../platform/select.ts";
import type { Frame } from "../protocol/frame.ts";
import { Operation } from "../protocol/operations.ts";

/** A member of a room that publishes into it; what comes from there is not looked at. */
export class Author implements StreamEvents<undefined> {
  #conn: Conn | undefined;
  #stream: ClientStream<undefined> | undefined;
  readonly #entered = Promise.withResolvers<void>();
  /** By the sequence of what was published. */
  readonly #answers = new Map<number, (answer: PublishAnswer) => void>();
  /** Over all authors: what was published under an id is not published under it again. */
  static #sequence = 1;

  private constructor(private readonly room: string, private readonly mid: number) {}

  /** Connects one, and settles when it is in its room. */
  static async enter(
    port: number,
    isWebSocket: boolean,
    room: string,
    mid: number,
  ): Promise<Author> {
    const author = new Author(room, mid);
    const { streams } = await selectPlatform();
    author.#conn = await streams.dial({
      hostname: "127.0.0.1",
      port,
      pendingBytesMax: 64 * 1024,
      handler: {
        open() {},
        data: (_, chunk) => author.#stream!.push(chunk),
        drain() {},
        end: (conn) => conn.end(),
        close() {},
      },
    });
    author.#stream = new ClientStream(undefined, isWebSocket, author);
    author.#stream.begin("localhost");
    await author.#entered.promise;
    return author;
  }

  /**
   * Publishes, and settles when it is answered.
   *
   * @throws {Error} When it is refused.
   */
  async publish(body: string): Promise<void> {
    const { room } = this;
    const sequence = ++Author.#sequence;
    const answered = new Promise<PublishAnswer>((resolve) => this.#answers.set(sequence, resolve));
    this.#stream!.send(encodePublish({ room, body, id: `bench-${sequence}` }, sequence));
    const { code, message } = await answered;
    if (code !== 0) throw new Error(`a publish was answered with code ${code}: ${message}`);
  }

  close(): void {
    this.#conn!.evict();
  }

  opened(): void {
    const { mid, room } = this;
    // Operation 70 is an application's own for who asks for no feature.
    this.#stream!.send(encodeAuth({ mid, room, platform: "bench", features: ["notices"] }));
  }

  write(_: undefined, bytes: Uint8Array): void {
    this.#conn!.write(bytes);
  }

  closing(): void {}

  frame(_: undefined, { operation, sequence, body }: Frame): void {
    if (operation === Operation.AuthReply) return this.#entered.resolve();
    if (operation !== Operation.PublishReply) return;
    this.#answers.get(sequence)!(decodeBody<PublishAnswer>(body));
    this.#answers.delete(sequence);
  }
}
