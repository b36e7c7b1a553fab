import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Prng, randomBelow, seededPrng } from "../base/prng.ts";
import { roomDelivery } from "../tests/support/deliveries.ts";
import type { MemoryClient } from "../tests/support/memory_client.ts";
import { NOTHING_LEFT, pushFrames, TestComet } from "../tests/support/test_comet.ts";
import type { Channel } from "./channel.ts";

const ROOMS = ["live://1", "live://2", "live://3", "chat://1"];
const SEEDS = 40;
const STEPS = 60;

/** A client, its channel, and where it should be. */
interface Visitor {
  readonly client: MemoryClient;
  readonly channel: Channel;
  primary: string;
  readonly others: Set<string>;
}

/** Visitors of a comet who join, leave and move at random. */
class Visitors {
  readonly all: Visitor[] = [];

  constructor(readonly comet: TestComet, private readonly prng: Prng) {}

  async open(): Promise<void> {
    const primary = this.#pick(["", ...ROOMS]);
    const client = await this.comet.open({ room: primary });
    const taken = new Set(this.all.map(({ channel }) => channel));
    const channel = this.comet.channels().find((channel) => !taken.has(channel))!;
    this.all.push({ client, channel, primary, others: new Set() });
  }

  /** One of them does something. */
  async step(): Promise<void> {
    if (this.all.length < 2) return this.open();
    const { connections } = this.comet;
    const visitor = this.#pick(this.all);
    const room = this.#pick(ROOMS);
    switch (randomBelow(this.prng, 8)) {
      case 0:
        return this.open();
      case 1:
        this.all.splice(this.all.indexOf(visitor), 1);
        visitor.client.end();
        return this.comet.settle();
      case 2:
      case 3:
        visitor.primary = this.#pick(["", ...ROOMS]);
        visitor.others.delete(visitor.primary);
        visitor.client.send(12, 1, visitor.primary);
        await this.comet.settle();
        assert.deepEqual(visitor.client.lines(), [`13:1:${visitor.primary}`]);
        return;
      case 4:
        connections.memberships.leave(visitor.channel, room);
        if (visitor.primary === room) visitor.primary = "";
        visitor.others.delete(room);
        return;
      default:
        connections.memberships.join(visitor.channel, room);
        if (visitor.primary === room) visitor.primary = "";
        visitor.others.add(room);
    }
  }

  /** Rooms and channels say the same as the model, and a push reaches each member once. */
  async check(): Promise<void> {
    const { rooms } = this.comet.connections;
    const counts = new Map<string, number>();
    for (const { channel, primary, others } of this.all) {
      assert.equal(channel.roomKey, primary);
      assert.deepEqual(new Set(channel.others.map(({ room }) => room.key)), others);
      for (const key of [primary, ...others]) {
        if (key !== "") counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
    assert.deepEqual(rooms.takeChanges(true), counts);
    const room = this.#pick(ROOMS);
    await this.comet.deliver([roomDelivery(room, pushFrames(room))]);
    for (const { client, primary, others } of this.all) {
      const named = others.has(room) ? ` in ${room}` : "";
      const isMember = primary === room || others.has(room);
      assert.deepEqual(client.lines(), isMember ? [`1000:0:${room}${named}`] : []);
    }
  }

  /** The online reply counts the members of the primary room. */
  async checkOnline(): Promise<void> {
    const visitor = this.#pick(this.all);
    visitor.client.send(2, 5);
    await this.comet.settle();
    const [reply] = visitor.client.frames();
    const members = this.all.filter(({ primary, others }) =>
      visitor.primary !== "" && (primary === visitor.primary || others.has(visitor.primary))
    );
    assert.deepEqual([reply.op, reply.body.readInt32BE()], [3, members.length]);
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[randomBelow(this.prng, items.length)];
  }
}

describe("Memberships", () => {
  it(`agree with a model over ${SEEDS} seeds of ${STEPS} steps in several rooms each`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const comet = await TestComet.start();
      const visitors = new Visitors(comet, seededPrng(seed));
      await visitors.open();
      for (let step = 0; step < STEPS; step++) {
        await visitors.step();
        await visitors.check();
        if (step % 4 === 0 && visitors.all.length > 0) await visitors.checkOnline();
      }
      for (const { client } of visitors.all) client.end();
      await comet.settle();
      assert.deepEqual(comet.left(), NOTHING_LEFT);
    }
  });

  it("end with the channel, in every room at once, and each room's last is noticed", async () => {
    const comet = await TestComet.start();
    const client = await comet.open({ room: "live://1" });
    await comet.open({ room: "live://2" });
    const [channel] = comet.channels();
    const { connections } = comet;
    connections.memberships.join(channel, "live://2");
    connections.memberships.join(channel, "live://3");
    const removed: string[] = [];
    connections.interest.remove = (room) => removed.push(room);
    client.end();
    await comet.settle();
    assert.deepEqual(removed, ["live://1", "live://3"]);
    assert.deepEqual(connections.rooms.takeChanges(true), new Map([["live://2", 1]]));
    assert.deepEqual([channel.primary, channel.others], [null, []]);
  });

  it("become primary without leaving the room when the channel moves to one of the others", async () => {
    const comet = await TestComet.start();
    await comet.open({ room: "live://1" });
    const [channel] = comet.channels();
    comet.connections.memberships.join(channel, "live://2");
    const [other] = channel.others;
    comet.connections.memberships.moveTo(channel, "live://2");
    assert.equal(channel.primary, other);
    assert.deepEqual(channel.others, []);
    assert.equal(comet.connections.rooms.size, 1);
  });
});
