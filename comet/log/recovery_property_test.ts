import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { type Prng, randomBelow, seededPrng } from "../../base/prng.ts";
import type { HistoryMessage, StreamPosition } from "../../protocol/history.ts";
import { roomDefaults, type RoomOptions } from "../../protocol/room_options.ts";
import type { MemoryClient } from "../../tests/support/memory_client.ts";
import { readRawFrames } from "../../tests/support/raw_client.ts";
import { RoomStore } from "../../tests/support/room_store.ts";
import { TestComet } from "../../tests/support/test_comet.ts";

const SEEDS = 100;
const STEPS = 80;
const ROOM = "live://1";
const FEATURES = ["rooms", "notices"];

/** A client that knows where it is, and finds out what it was not told. */
class Reader {
  position: StreamPosition | undefined;
  isPaused = false;
  frames = 0;
  told = 0;
  #rest = Buffer.alloc(0);

  constructor(
    readonly client: MemoryClient,
    readonly isPrimary: boolean,
    readonly since: StreamPosition | undefined,
  ) {}

  /** Reads what has come, to the last whole frame. */
  read(): void {
    const { frames, rest } = readRawFrames(Buffer.concat([this.#rest, this.client.take()]));
    this.#rest = Buffer.from(rest);
    for (const { op, seq, body } of frames) {
      if (op === 8 && !this.isPrimary) continue;
      if (op === 8 || op === 65) this.#joined(JSON.parse(body.toString()));
      else if (op === 72) this.#notice(JSON.parse(body.toString()));
      else if (op === 74) {
        assert.equal(this.isPrimary, false);
        const inner = readRawFrames(body.subarray(2 + body.readUInt16BE(0))).frames;
        for (const frame of inner) this.#frame(frame.seq, frame.body.toString());
      } else {
        assert.equal(op, 1000);
        assert.equal(this.isPrimary, true);
        this.#frame(seq, body.toString());
      }
    }
  }

  #joined(answer: Record<string, never>): void {
    const { code, epoch, offset, recovered, missed } = answer;
    assert.equal(code, 0);
    if (recovered && this.since !== undefined && this.since.epoch !== "") {
      assert.deepEqual({ epoch, offset: offset - missed }, this.since);
    }
    this.position = { epoch, offset: offset - missed };
  }

  #notice(notice: Record<string, never>): void {
    this.told++;
    assert.equal(notice.room, ROOM);
    if (notice.type === "epoch") {
      assert.notEqual(notice.epoch, this.position!.epoch);
      assert.equal(notice.recovered && this.position!.epoch !== "", false);
      this.position = { epoch: notice.epoch, offset: notice.offset };
    } else {
      assert.deepEqual([notice.type, notice.epoch], ["gap", this.position!.epoch]);
      assert.equal(notice.from, this.position!.offset + 1);
      assert.equal(notice.count, notice.to - notice.from + 1);
      this.position = { epoch: notice.epoch, offset: notice.to };
    }
  }

  #frame(seq: number, body: string): void {
    this.frames++;
    const { epoch } = this.position!;
    assert.equal(body.split(";")[0], `${epoch}:${seq}`);
    assert.equal(seq, this.position!.offset + 1, "once, and in order");
    this.position = { epoch, offset: seq };
  }
}

/** A room, its store and its job, and clients that come, go, and read at times. */
class World {
  readonly store: RoomStore;
  readonly readers: Reader[] = [];
  /** Positions of those who left. */
  readonly left: StreamPosition[] = [];
  /** Messages that are on their way to the comet, in order. */
  readonly underWay: { message: HistoryMessage; epoch: string }[] = [];
  #epochs = 1;

  constructor(readonly comet: TestComet, readonly prng: Prng, readonly options: RoomOptions) {
    this.store = new RoomStore(ROOM);
    this.store.sizeMax = options.historySize;
    comet.logic.readHistory = async (query) => {
      for (let turns = randomBelow(prng, 3); turns > 0; turns--) {
        await new Promise<void>((resolve) => comet.clock.nextTurn(resolve));
      }
      if (randomBelow(prng, 10) === 0) throw new Error("the store is away");
      return this.store.read(query);
    };
  }

  async step(): Promise<void> {
    const { prng } = this;
    switch (randomBelow(prng, 16)) {
      case 0:
      case 1:
        return this.#open();
      case 2:
        return this.#close();
      case 3: {
        const reader = this.#any(this.readers);
        if (reader === undefined) return;
        reader.isPaused = !reader.isPaused;
        if (reader.isPaused) reader.client.pause();
        else reader.client.resume();
        return;
      }
      case 4:
        return void this.store.trim(this.store.head - randomBelow(prng, 10));
      case 5:
        if (randomBelow(prng, 3) === 0) this.store.begin(`e${++this.#epochs}`);
        return;
      case 6:
        return void this.underWay.splice(0, randomBelow(prng, 4));
      case 7:
        return this.comet.connections.logs.verify();
      case 8:
        return this.#stub();
      case 9:
        return this.comet.advance(100);
      default:
        for (let count = randomBelow(prng, 6); count > 0; count--) this.#append();
        return this.#deliver();
    }
  }

  /** All is well again: everyone gets everything. */
  async finish(): Promise<void> {
    this.comet.logic.readHistory = (query) => Promise.resolve(this.store.read(query));
    for (const reader of this.readers) reader.client.resume();
    this.#append();
    this.underWay.splice(0);
    this.#stub();
    for (let times = 0; times < 50; times++) await this.comet.advance(100);
    const { epoch, head: offset } = this.store;
    for (const reader of this.readers) {
      reader.read();
      assert.deepEqual(reader.position, { epoch, offset });
    }
    assert.equal(this.comet.connections.logs.catchUp.size, 0);
  }

  read(): void {
    for (const reader of this.readers) reader.read();
  }

  #append(): void {
    const message = this.store.append(10 + randomBelow(this.prng, 400));
    this.underWay.push({ message, epoch: this.store.epoch });
  }

  #deliver(): void {
    let count = randomBelow(this.prng, 8);
    const batch = [];
    while (count > 0 && this.underWay.length > 0) {
      const { epoch } = this.underWay[0];
      const messages = [];
      while (count-- > 0 && this.underWay[0]?.epoch === epoch) {
        const { message } = this.underWay.shift()!;
        // Some are shed.
        if (randomBelow(this.prng, 12) > 0) messages.push(message);
      }
      if (messages.length > 0) batch.push(this.store.delivery(messages, epoch));
    }
    void this.comet.fanout.deliver(batch);
  }

  #stub(): void {
    const { epoch, head } = this.store;
    if (epoch === "") return;
    void this.comet.fanout.deliver([this.store.delivery([], epoch, head)]);
  }

  async #open(): Promise<void> {
    const { prng, comet } = this;
    const positions = [
      undefined,
      { epoch: "", offset: 0 },
      ...this.left,
      { epoch: this.store.epoch, offset: this.store.head },
      { epoch: this.store.epoch, offset: Math.max(0, this.store.head - randomBelow(prng, 30)) },
      { epoch: "strange", offset: 3 },
    ];
    const since = this.#any(positions);
    const isPrimary = randomBelow(prng, 2) === 0;
    const client = await comet.connect();
    const reader = new Reader(client, isPrimary, since);
    const own = isPrimary ? { room: ROOM } : { room: "" };
    const extras = { features: FEATURES, ...(isPrimary && since ? { since } : {}) };
    client.send(7, 1, JSON.stringify({ key: "k", ...own, extras }));
    if (!isPrimary) client.send(64, 2, JSON.stringify({ room: ROOM, since }));
    await comet.advance(100);
    reader.read();
    this.readers.push(reader);
  }

  #close(): void {
    const reader = this.#any(this.readers);
    if (reader === undefined) return;
    reader.read();
    this.readers.splice(this.readers.indexOf(reader), 1);
    reader.client.reset();
    if (reader.position !== undefined) this.left.push(reader.position);
    if (this.left.length > 8) this.left.shift();
  }

  #any<Item>(items: readonly Item[]): Item {
    return items[randomBelow(this.prng, Math.max(1, items.length))];
  }
}

describe("A room with history", () => {
  for (
    const [what, changed] of [
      ["", {}],
      [" whose slow members skip to the latest", { slow: "latest" }],
      [" with a merge window", { mergeWindowMs: 250 }],
    ] as const
  ) {
    it(`gives everyone every message once and in order, or says what is gone${what}`, async () => {
      const options = { ...roomDefaults, type: "live", historySize: 40, ...changed };
      let frames = 0;
      let told = 0;
      for (let seed = 1; seed <= SEEDS; seed++) {
        const comet = await TestComet.start({
          rooms: [options],
          kernelBufferBytes: 2_000,
          slowReaderMs: 1_000_000,
          heartbeatMs: 1_000_000,
          ringMax: 4_000,
          ringsMax: 5_000,
        });
        const world = new World(comet, seededPrng(seed), options);
        try {
          for (let step = 0; step < STEPS; step++) {
            await world.step();
            await comet.turn();
            world.read();
          }
          await world.finish();
        } catch (error) {
          throw new Error(`seed ${seed}: ${error}`, { cause: error });
        }
        for (const reader of world.readers) {
          frames += reader.frames;
          told += reader.told;
          reader.client.reset();
        }
        await comet.advance(500);
        const { ringBytes, keptBytes } = comet.connections.logs.memory;
        assert.deepEqual([comet.left().rooms, ringBytes, keptBytes], [0, 0, 0]);
      }
      assert.ok(frames > SEEDS * 50, `only ${frames} frames came`);
      assert.ok(told > SEEDS, `only ${told} notices came`);
    });
  }
});
