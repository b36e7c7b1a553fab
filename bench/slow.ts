import { encodeAuth } from "../client/codec.ts";
import { ClientStream, type StreamEvents } from "../client/stream.ts";
import type { Conn } from "../platform/port.ts";
import { selectPlatform } from "../platform/select.ts";
import type { Frame } from "../protocol/frame.ts";
import { Operation } from "../protocol/operations.ts";
import { roomDefaults } from "../protocol/room_options.ts";
import { Child } from "./child.ts";
import { atRate, cell, median, percentile99, printTable, scaled } from "./measure.ts";
import { Members, timedBody } from "./members.ts";
import { pushToRoom } from "./room_client.ts";
import type { ServerPorts } from "./whole_server.ts";

const MEMBERS = 2_000;
/** What is pushed to each member: more than the system keeps for one that does not read. */
const RATE = 10;
const BODY_BYTES = 8_000;
const BYTES_PER_SECOND = RATE * BODY_BYTES;
/** How long it is measured before, and while one reads slowly, in seconds. */
const BEFORE_S = 10;
const SLOW_S = 60;
/** Members whose latencies are taken are among the others, evenly, this many times. */
const SAMPLES = 8;
const ROOM = "kept://room";

/** A member that reads no more than so many bytes a second. */
class SlowReader implements StreamEvents<Conn> {
  bytesPerSecond = Infinity;
  received = 0;
  /** Messages that came in another place than behind the one before. */
  misplaced = 0;
  readonly #joined = Promise.withResolvers<void>();
  #offset = 0;
  #stream: ClientStream<Conn> | undefined;
  #conn: Conn | undefined;

  async join(port: number): Promise<void> {
    const { streams } = await selectPlatform();
    this.#conn = await streams.dial({
      hostname: "127.0.0.1",
      port,
      pendingBytesMax: 4096,
      handler: {
        open() {},
        data: (conn, chunk) => this.#data(conn, chunk),
        drain() {},
        end: (conn) => conn.end(),
        close() {},
      },
    });
    this.#stream = new ClientStream(this.#conn, false, this);
    this.#stream.begin("");
    await this.#joined.promise;
  }

  close(): void {
    this.#conn!.evict();
  }

  opened(): void {
    const features = ["notices"];
    this.#stream!.send(encodeAuth({ mid: 0, room: ROOM, platform: "bench", features }));
  }

  write(conn: Conn, bytes: Uint8Array): void {
    conn.write(bytes);
  }

  closing(): void {}

  frame(_: Conn, { operation, sequence, body }: Frame): void {
    if (operation === Operation.AuthReply) {
      this.#offset = JSON.parse(new TextDecoder().decode(body)).offset;
      return this.#joined.resolve();
    }
    if (operation === Operation.Notice) return;
    if (sequence !== this.#offset + 1) this.misplaced++;
    this.#offset = sequence;
    this.received++;
  }

  #data(conn: Conn, chunk: Uint8Array): void {
    this.#stream!.push(chunk);
    if (this.bytesPerSecond === Infinity) return;
    conn.pause();
    setTimeout(() => conn.resume(), chunk.length * 1_000 / this.bytesPerSecond);
  }
}

/**
 * A room of 2,000 with history where one member reads at a tenth of the rate for 30 s, and then as
 * fast as it can: what the others notice, and what the server keeps for it.
 */
export async function run(scale: number): Promise<void> {
  const clients = SAMPLES * scaled(MEMBERS / SAMPLES, Math.min(1, scale), 2);
  const seconds = (full: number) => Math.max(0.2, full * Math.min(1, scale));
  await using server = new Child("./whole_server.ts");
  await using sink = new Child("./sink.ts");
  const rooms = [{ ...roomDefaults, type: "kept", historySize: 1_000 }];
  const { tcp, http } = await server.call<ServerPorts>("start", { rooms });
  const slow = new SlowReader();
  await slow.join(tcp);
  const sampled = new Members(ROOM);
  for (let sample = 0; sample < SAMPLES; sample++) {
    await sink.call("open", { kind: "tcp", port: tcp, clients: clients / SAMPLES, room: ROOM });
    await sampled.open(tcp, 1);
  }
  const rows: string[][] = [];
  let pushed = 0;
  const phase = async (name: string, spanS: number) => {
    const count = Math.ceil(RATE * spanS);
    sampled.latenciesMs = [];
    await atRate(RATE, count, () => pushToRoom(http, ROOM, timedBody(BODY_BYTES)));
    pushed += count;
    await sampled.until(() => sampled.received === pushed * SAMPLES);
    const { rssBytes } = await server.usage();
    const times = [median(sampled.latenciesMs), percentile99(sampled.latenciesMs)];
    rows.push([name, ...[...times, rssBytes / 2 ** 20, pushed - slow.received].map(cell)]);
  };
  await phase("to warm up", seconds(BEFORE_S));
  await phase("before", seconds(BEFORE_S));
  slow.bytesPerSecond = BYTES_PER_SECOND / 10;
  await phase("while it reads slowly", seconds(SLOW_S));
  slow.bytesPerSecond = Infinity;
  await phase("when it reads again", seconds(BEFORE_S));
  const metrics = await (await fetch(`http://127.0.0.1:${http}/metrics`)).text();
  const counter = (name: string) =>
    Number(
      new RegExp(`^halley_comet_${name}_total(?:\\{[^}]*\\})? (\\S+)$`, "m").exec(metrics)![1],
    );
  sampled.close();
  slow.close();
  printTable(
    `A room of ${clients}, ${RATE} pushes/s of ${BODY_BYTES} bytes, one member reads a tenth of it`,
    ["phase", "others, median ms", "p99 ms", "server, MiB", "it is behind by"],
    rows,
  );
  printTable(
    "What that member got",
    ["member", "messages", "misplaced", "of", "catch-ups", "reads of the store"],
    [[
      "the slow one",
      ...[slow.received, slow.misplaced, pushed].map(cell),
      ...["catch_ups", "history_reads"].map((name) => cell(counter(name))),
    ]],
  );
}
