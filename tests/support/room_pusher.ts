import { HttpConnection } from "./http_connection.ts";
import type { PushRecord } from "./push_checker.ts";

/** How long a push may take to be answered, in milliseconds. */
const ANSWER_MS = 4_000;

/** Operation of the pushes. */
export const PUSH_OPERATION = 1000;

/** Where pushes go. */
export interface PushTarget {
  readonly hostname: string;
  readonly port: number;
}

/**
 * Pushes numbers to one room, one after the other, to each logic in turn: so there is an order in
 * which they were accepted.
 */
export class RoomPusher {
  readonly #connections: readonly HttpConnection[];
  #running: Promise<void> | undefined;
  #stopping = false;
  #number = 0;

  /**
   * @param room The room's key.
   * @param turn Which logic comes first.
   * @param pushes Where each push is noted down.
   */
  constructor(
    readonly room: string,
    private readonly turn: number,
    targets: readonly PushTarget[],
    private readonly pushes: PushRecord[],
  ) {
    this.#connections = targets.map(({ hostname, port }) => new HttpConnection(hostname, port));
  }

  /** Begins, or goes on, to push at an even pace; a push that takes longer holds up the next. */
  start(periodMs: number): void {
    this.#stopping = false;
    this.#running ??= this.#run(periodMs).finally(() => this.#running = undefined);
  }

  /** Settles when the push on its way is answered. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
    for (const connection of this.#connections) connection.close();
  }

  async #run(periodMs: number): Promise<void> {
    let dueMs = performance.now();
    while (!this.#stopping) {
      await this.#push();
      const nowMs = performance.now();
      dueMs = Math.max(dueMs + periodMs, nowMs - periodMs);
      if (dueMs > nowMs) await new Promise((resolve) => setTimeout(resolve, dueMs - nowMs));
    }
  }

  async #push(): Promise<void> {
    const number = this.#number++;
    const record: PushRecord = {
      room: this.room,
      number,
      sentMs: performance.now(),
      acceptedMs: undefined,
    };
    this.pushes.push(record);
    const [type, room] = this.room.split("://");
    const query = `operation=${PUSH_OPERATION}&type=${type}&room=${room}`;
    const connection = this.#connections[(this.turn + number) % this.#connections.length];
    try {
      const answer = await connection.post(`/goim/push/room?${query}`, String(number), ANSWER_MS);
      record.code = JSON.parse(answer).code;
      if (record.code === 0) record.acceptedMs = performance.now();
    } catch {
      // It may have been stored or not.
    }
  }
}
