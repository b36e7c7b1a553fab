import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { WATCH_MS } from "../protocol/cluster/comet_calls.ts";
import type { WatcherApi } from "../protocol/cluster/watcher_calls.ts";
import { TestComet } from "../tests/support/test_comet.ts";
import { RoomInterest } from "./room_interest.ts";

/** A job that notes what it is told, and answers when the test says so. */
class Watcher implements WatcherApi {
  readonly told: string[] = [];
  readonly #answers: { resolve: () => void; reject: (error: Error) => void }[] = [];

  add(rooms: readonly string[]): Promise<void> {
    this.told.push(`+${rooms}`);
    return new Promise((resolve, reject) => this.#answers.push({ resolve, reject }));
  }

  remove(rooms: readonly string[]): Promise<void> {
    this.told.push(`-${rooms}`);
    return Promise.resolve();
  }

  answer(): void {
    this.#answers.shift()!.resolve();
  }

  fail(): void {
    this.#answers.shift()!.reject(new Error("lost"));
  }
}

async function settle(): Promise<void> {
  for (let step = 0; step < 10; step++) await Promise.resolve();
}

function setUp(...members: readonly string[]) {
  const clock = new ManualClock();
  const rooms = new Map<string, object>(members.map((room) => [room, {}]));
  const interest = new RoomInterest(rooms, clock, { watchesExpired: 0 });
  /** Waits for a room, and says whether it is confirmed. */
  const add = (room: string) => {
    const waited = { done: false };
    interest.add(room)!.then(() => waited.done = true);
    return waited;
  };
  const advance = async (spanMs: number) => {
    for (let passedMs = 0; passedMs < spanMs; passedMs += 100) {
      clock.advance(100);
      interest.tick();
      await settle();
    }
  };
  return { clock, rooms, interest, add, advance };
}

describe("RoomInterest", () => {
  it("lets clients in at once where no job watches", () => {
    const { interest } = setUp();
    assert.equal(interest.add("r://1"), undefined);
  });

  it("lets the first client into a room when every job knows of it, and others at once", async () => {
    const { interest, add, rooms } = setUp("r://old");
    const [a, b] = [new Watcher(), new Watcher()];
    assert.deepEqual(interest.watch("a", a), ["r://old"]);
    interest.watch("b", b);
    assert.equal(interest.add("r://old"), undefined);
    const waited = add("r://1");
    await settle();
    assert.deepEqual([a.told, b.told], [["+r://1"], ["+r://1"]]);
    a.answer();
    await settle();
    assert.equal(waited.done, false);
    b.answer();
    await settle();
    assert.equal(waited.done, true);
    rooms.set("r://1", {});
    assert.equal(interest.add("r://1"), undefined);
  });

  it("makes the rooms of one turn known in one call, each once", async () => {
    const { interest, add } = setUp();
    const job = new Watcher();
    interest.watch("a", job);
    const waited = [add("r://1"), add("r://2"), add("r://1")];
    await settle();
    assert.deepEqual(job.told, ["+r://1,r://2"]);
    job.answer();
    await settle();
    assert.deepEqual(waited.map(({ done }) => done), [true, true, true]);
  });

  it("tells a job again that a call did not reach", async () => {
    const { interest, add, advance } = setUp();
    const job = new Watcher();
    interest.watch("a", job);
    const waited = add("r://1");
    await settle();
    job.fail();
    await settle();
    await advance(100);
    assert.deepEqual(job.told, ["+r://1", "+r://1"]);
    job.answer();
    await settle();
    assert.equal(waited.done, true);
  });

  it("waits no longer for a job than that may rely on what it knew", async () => {
    const { interest, add, advance } = setUp();
    const [job, other] = [new Watcher(), new Watcher()];
    interest.watch("a", job);
    await advance(WATCH_MS / 2);
    assert.equal(interest.renewWatch("a", job), true);
    const waited = add("r://1");
    await advance(WATCH_MS);
    assert.equal(waited.done, false);
    await advance(100);
    assert.equal(waited.done, true);
    assert.equal(interest.renewWatch("a", job), false, "it has to begin anew");
    assert.equal(interest.watchers, 0);
    assert.deepEqual(interest.watch("a", other), ["r://1"], "and hears of the room");
  });

  it("waits no more for the link that a job had before", async () => {
    const { interest, add } = setUp();
    const [before, now] = [new Watcher(), new Watcher()];
    interest.watch("a", before);
    const waited = add("r://1");
    await settle();
    assert.deepEqual(interest.watch("a", now), ["r://1"]);
    await settle();
    assert.equal(waited.done, true);
    assert.equal(interest.renewWatch("a", before), false);
    assert.equal(interest.renewWatch("a", now), true);
  });

  it("gives a room up a while after it became empty, and not one that filled again", async () => {
    const { interest, rooms, advance } = setUp("r://1", "r://2");
    const job = new Watcher();
    interest.watch("a", job);
    const pass = async () => {
      for (let step = 0; step < 10; step++) {
        await advance(300);
        interest.renewWatch("a", job);
      }
    };
    rooms.clear();
    interest.remove("r://1");
    interest.remove("r://2");
    assert.equal(interest.add("r://1"), undefined, "jobs still know of it");
    rooms.set("r://1", {});
    await pass();
    assert.deepEqual(job.told, ["-r://2"]);
    rooms.clear();
    interest.remove("r://1");
    await pass();
    assert.deepEqual(job.told, ["-r://2", "-r://1"]);
  });
});

describe("ClientProtocol, when jobs have to learn of a room first", () => {
  async function start() {
    const comet = await TestComet.start();
    const job = new Watcher();
    comet.connections.interest.watch("job", job);
    return { comet, job };
  }

  it("answers an auth when the job knows of the room, and pushes come from then on", async () => {
    const { comet, job } = await start();
    const client = await comet.connect();
    client.send(7, 1, '{"room":"live://1"}');
    await comet.settle();
    assert.deepEqual([job.told, client.frames().length], [["+live://1"], 0]);
    job.answer();
    await comet.settle();
    assert.deepEqual(client.frames().map(({ op }) => op), [8]);
    assert.equal(comet.channels()[0].roomKey, "live://1");
  });

  it("answers a change of room then, and what came behind it after it", async () => {
    const { comet, job } = await start();
    const client = await comet.open({ room: "" });
    client.send(12, 2, "live://2");
    client.send(2, 3);
    client.send(12, 4, "");
    await comet.settle();
    assert.equal(client.frames().length, 0);
    job.answer();
    await comet.settle();
    const frames = client.frames();
    assert.deepEqual(frames.map(({ op, seq }) => [op, seq]), [[13, 2], [3, 3], [13, 4]]);
    assert.equal(frames[0].body.toString(), "live://2");
  });

  it("forgets a client that has gone meanwhile", async () => {
    const { comet, job } = await start();
    const client = await comet.open({ room: "" });
    client.send(12, 2, "live://2");
    await comet.settle();
    client.end();
    await comet.settle();
    job.answer();
    await comet.settle();
    assert.deepEqual([comet.connections.rooms.size, comet.channels().length], [0, 0]);
    const other = await comet.connect();
    other.send(7, 1, '{"room":"live://3"}');
    await comet.settle();
    other.end();
    await comet.settle();
    job.answer();
    await comet.settle();
    assert.equal(comet.logic.disconnected.length, 2, "logic forgets both");
  });
});
