import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { utf8 } from "../../tests/support/websocket_frames.ts";
import { PopulationSetup } from "../../tests/support/population_setup.ts";
import type { ScriptedClient } from "../../tests/support/scripted_server.ts";
import type { ConnectPlan } from "../types.ts";
import { authorOf } from "./publisher.ts";
import { ShowPopulation } from "./show_population.ts";

const TAG = 7;
const ROOM = "demo://1";
const DURATION_MS = 4_000;

/** What the server was asked to push. */
interface Asked {
  readonly seq: number;
  readonly room: string;
  readonly op: number;
  readonly body: { readonly t?: string; readonly sim: readonly number[] };
  readonly media_ms: number;
  readonly id: string;
}

/** Viewers of a show, whose server answers as a test says. */
class Show {
  readonly setup = new PopulationSetup((streams, clock) =>
    this.population = new ShowPopulation(streams, clock, { tag: TAG }, true)
  );
  declare population: ShowPopulation;
  offset = 0;
  startMs = 0;
  /** Messages that have been seen. */
  readonly asked: (Asked & { readonly from: ScriptedClient })[] = [];
  readonly #seen = new WeakSet<object>();

  static async with(clients: number): Promise<Show> {
    const show = new Show();
    await show.setup.server.listen(show.setup.streams);
    const plan = { clients, rooms: 1, roomKeys: [ROOM], logs: { share: 1, roomsEach: 1 } };
    await show.connect(plan);
    return show;
  }

  async connect(plan: Partial<ConnectPlan>): Promise<void> {
    await this.setup.settle(this.population.connect(this.setup.plan(plan)));
  }

  begin(clients: number): void {
    this.startMs = this.setup.clock.wallMs();
    const { startMs } = this;
    this.population.perform({
      ...{ seed: 1, clients, ratePerS: 20, durationMs: DURATION_MS, startMs },
    });
  }

  /** Goes on, and hands every new message to a server that does something with it. */
  async run(spanMs: number, serve: (one: Asked, from: ScriptedClient) => void): Promise<void> {
    for (let passedMs = 0; passedMs < spanMs; passedMs += 10) {
      await this.setup.advance(10);
      for (const from of this.setup.server.clients) {
        for (const one of from.asked) {
          if (one.op !== 70 || this.#seen.has(one)) continue;
          this.#seen.add(one);
          const message = { ...one.request as Asked, seq: one.seq as number };
          this.asked.push({ ...message, from });
          serve(message, from);
        }
      }
    }
  }

  /** Takes a message, pushes it to all, and answers. */
  take(one: Asked, from: ScriptedClient, at = ++this.offset): void {
    for (const client of this.setup.server.clients) {
      if (client.isOpen) client.send(1000, utf8(JSON.stringify(one.body)), at);
    }
    from.sendJson(71, { code: 0, room: ROOM, epoch: "e", offset: at }, one.seq);
  }

  refuse(one: Asked, from: ScriptedClient, message: string): void {
    from.sendJson(71, { code: -429, message, retry_ms: 100 }, one.seq);
  }
}

describe("ShowPopulation", () => {
  it("writes what the show says, when it says it, into its room", async () => {
    const show = await Show.with(5);
    assert.deepEqual(show.setup.server.clients[0].asked[0], {
      ...{ op: 7, room: ROOM, since: undefined, last: 50 },
    });
    show.begin(5);
    await show.run(DURATION_MS, (one, from) => show.take(one, from));
    assert.ok(show.asked.length > 80, `${show.asked.length}`);
    for (const { room, body, media_ms, id, from } of show.asked) {
      const [tag, number, dueMs] = body.sim;
      assert.deepEqual([room, tag, id], [ROOM, TAG, `sim-${TAG}-${number}`]);
      assert.deepEqual([media_ms, `sim-${authorOf(number)}`], [dueMs - show.startMs, from.key]);
    }
    const { sent, accepted: [taken], refused, unanswered } = show.population.published();
    assert.equal(sent, show.asked.length);
    assert.deepEqual([refused, unanswered, taken.numbers.length], [[], 0, sent]);
    assert.deepEqual(taken.offsets, taken.numbers.map((_, index) => index + 1));
    const heads = [{ epoch: "e", offset: sent }];
    const { lost, doubled, wrong } = show.population.showTotals(heads);
    assert.deepEqual([lost, doubled, wrong], [0, 0, 0]);
    assert.equal(show.population.progress().published, sent);
    await show.setup.end();
  });

  it("judges how soon the others have it, not the author", async () => {
    const show = await Show.with(1);
    show.begin(1);
    await show.run(1_000, (one, from) => show.take(one, from));
    assert.deepEqual(show.population.progress().latencies, []);
    assert.ok(show.offset > 5);
    await show.setup.end();
  });

  it("counts by its reason what is refused, and tells it from what is lost", async () => {
    const show = await Show.with(4);
    show.begin(4);
    let count = 0;
    await show.run(DURATION_MS, (one, from) => {
      if (++count % 3 > 0) show.take(one, from);
      else show.refuse(one, from, count % 2 > 0 ? "too fast" : "muted");
    });
    const { reasons, refused, failed } = show.population.published();
    assert.equal(failed, 0);
    assert.equal(refused.length, Math.floor(count / 3));
    const counts = new Map(reasons);
    assert.equal(counts.get("too fast")! + counts.get("muted")!, refused.length);
    const totals = show.population.publishedTotals(show.population.published());
    assert.deepEqual(totals, { misplaced: 0, slipped: 0, doubled: 0, failures: [] });
    await show.setup.end();
  });

  it("finds messages that come though they were refused, and such as were changed", async () => {
    const show = await Show.with(2);
    show.begin(2);
    await show.run(DURATION_MS, (one, from) => {
      const changed = show.asked.length === 3;
      if (show.asked.length !== 2) {
        const body = changed ? { ...one.body, t: "something else" } : one.body;
        return show.take({ ...one, body }, from);
      }
      show.take({ ...one, seq: -1 }, from);
      show.refuse(one, from, "no");
    });
    const published = show.population.published();
    const { misplaced, slipped, failures } = show.population.publishedTotals(published);
    assert.deepEqual([misplaced, slipped], [1, 1], failures.join());
    // The answer to a message that nobody sent.
    assert.equal(published.failed, 1);
    await show.setup.end();
  });

  it("lets others use the room as well", async () => {
    const show = await Show.with(3);
    show.begin(3);
    await show.run(DURATION_MS, (one, from) => {
      for (const client of show.setup.server.clients) {
        client.send(1000, utf8('{"t":"hi"}'), show.offset + 1);
        client.send(2000, utf8("hi"), show.offset + 2);
      }
      show.offset += 2;
      show.take(one, from);
    });
    const { lost, doubled, wrong } = show.population.showTotals([
      { epoch: "e", offset: show.offset },
    ]);
    assert.deepEqual([show.offset > 10, lost, doubled, wrong], [true, 0, 0, 0]);
    await show.setup.end();
  });

  it("says again under the same id what had no answer when the connection was over", async () => {
    const show = await Show.with(1);
    show.setup.server.joinAnswer = () => ({
      ...{ code: 0, epoch: "e", offset: show.offset, recovered: true, missed: 0 },
    });
    show.begin(1);
    let cut = false;
    await show.run(1_000, (_one, from) => {
      if (cut) return;
      cut = true;
      // It is taken, and the answer is lost.
      show.offset = 1;
      from.close();
    });
    await show.setup.settle(show.population.reconnect());
    await show.run(DURATION_MS, (one, from) => {
      const isFirst = one.id === show.asked[0].id;
      from.sendJson(71, { code: 0, epoch: "e", offset: isFirst ? 1 : ++show.offset }, one.seq);
    });
    const again = show.asked.filter(({ id }) => id === show.asked[0].id);
    assert.equal(again.length, 2);
    assert.deepEqual(again[0].body, again[1].body);
    const { accepted: [taken], unanswered, failed } = show.population.published();
    assert.deepEqual([taken.offsets[0], failed, unanswered], [1, 0, 0]);
    await show.setup.end();
  });

  it("waits for answers, and counts those that never come", async () => {
    const show = await Show.with(1);
    show.begin(1);
    await show.run(DURATION_MS, () => {});
    assert.ok(show.asked.length > 20);
    await show.setup.settle(show.population.answered());
    const { sent, unanswered, failures } = show.population.published();
    assert.deepEqual([unanswered, sent], [show.asked.length, show.asked.length]);
    assert.equal(failures[0], "client 0 got no answer to its message in time");
    await show.setup.end();
  });

  it("goes and comes back as the show says, and comes late for what was said", async () => {
    const show = await Show.with(60);
    show.setup.server.joinAnswer = () => ({
      ...{ code: 0, epoch: "e", offset: show.offset, recovered: true, missed: 0 },
    });
    show.begin(70);
    await show.run(DURATION_MS / 2, (one, from) => show.take(one, from));
    await show.connect({
      ...{ first: 60, clients: 10, rooms: 1, roomKeys: [ROOM], logs: { share: 1, roomsEach: 1 } },
    });
    await show.run(DURATION_MS, (one, from) => show.take(one, from));
    assert.equal(show.population.authenticatedCount, 70);
    const { clients } = show.setup.server;
    const back = clients.filter(({ asked: [{ since }] }) => since !== undefined);
    assert.ok(clients.length > 70 && back.length === clients.length - 70, `${back.length}`);
    await show.setup.end();
  });
});
