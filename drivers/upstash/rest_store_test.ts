import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Clock, ManualClock, type TimerHandle } from "../../base/clock.ts";
import { systemClock } from "../../platform/system_clock.ts";
import { seededPrng } from "../../base/prng.ts";
import type { HttpServer } from "../../protocol/http/server.ts";
import { serveTest } from "../../tests/support/http_server.ts";
import { type StartedStore, startUpstashStore } from "../../tests/support/redis_stores.ts";
import { StoreUnavailable } from "../ports.ts";
import type { Script } from "../redis/store.ts";
import { UpstashLimits, UpstashStore } from "./rest_store.ts";

const encoder = new TextEncoder();

function script(source: string): Script {
  return { name: "test", source };
}

function open(url: string, token: string, clock: Clock = systemClock) {
  return new UpstashStore(url, token, { clock, prng: seededPrng(1) });
}

/** A clock that remembers for how long it was slept on. */
class SleepClock extends ManualClock {
  readonly sleepsMs: number[] = [];

  override setTimeout(callback: () => void, delayMs: number): TimerHandle {
    if (delayMs !== UpstashLimits.callMsMax) this.sleepsMs.push(delayMs);
    return super.setTimeout(callback, delayMs);
  }
}

/** Keeps requests, each to be answered by the test. */
class Requests {
  readonly #waiting: ((response: Response) => void)[] = [];
  readonly #looking = new Map<number, () => void>();
  #server: HttpServer | undefined;
  #closed = false;
  count = 0;

  async serve(): Promise<string> {
    this.#server = await serveTest(async () => {
      this.#looking.get(++this.count)?.();
      if (this.#closed) return new Response(null, { status: 503 });
      return await new Promise((resolve) => this.#waiting.push(resolve));
    });
    return `http://127.0.0.1:${this.#server.address.port}`;
  }

  /** Settles when so many have come. */
  async come(count: number): Promise<void> {
    if (this.count < count) {
      await new Promise<void>((resolve) => this.#looking.set(count, resolve));
    }
  }

  answer(body: unknown, status = 200): void {
    this.#waiting.shift()?.(Response.json(body, { status }));
  }

  async close(): Promise<void> {
    this.#closed = true;
    while (this.#waiting.length > 0) this.answer({ error: "closing" }, 503);
    await this.#server?.close();
  }
}

for (const encodes of [true, false]) {
  describe(`UpstashStore before Redis, ${encodes ? "with" : "without"} encoding`, () => {
    let started: StartedStore;

    before(async () => {
      started = await startUpstashStore({ encodes });
    });
    after(async () => {
      await started.stop();
    });

    it("brings numbers, text, lists and nothing through", async () => {
      const { store } = started;
      const source =
        "return {1, -5, 'OK', '', 'a\\n\"ü', {'x', {2, 'y', false}}, false, KEYS[1], ARGV[1]}";
      const bytes = (text: string) => encoder.encode(text);
      assert.deepEqual(await store.run(script(source), ["key 漢"], ["arg 🎈"]), [
        1,
        -5,
        bytes("OK"),
        bytes(""),
        bytes('a\n"ü'),
        [bytes("x"), [2, bytes("y"), null]],
        null,
        bytes("key 漢"),
        bytes("arg 🎈"),
      ]);
      assert.equal(await store.run(script("return false"), [], []), null);
      assert.deepEqual(await store.run(script("return 'OK'"), [], []), bytes("OK"));
      assert.deepEqual(await store.run(script("return '123'"), [], []), bytes("123"));
      assert.equal(await store.run(script("return 4503599627370496"), [], []), 2 ** 52);
    });

    it("takes and answers a megabyte", async () => {
      const text = "0123456789abcdef".repeat(64 * 1024);
      assert.deepEqual(
        await started.store.run(script("return ARGV[1]"), [], [text]),
        encoder.encode(text),
      );
    });

    it("sends a script again that Redis has forgotten", async () => {
      const { store } = started;
      const known = script("return 'known'");
      await store.run(known, [], []);
      await store.run(script("return redis.call('SCRIPT', 'FLUSH')"), [], []).catch(() => {});
      await store.run(script(`return ${systemClock.wallMs()}`), [], []);
      assert.deepEqual(await store.run(known, [], []), encoder.encode("known"));
    });

    it("tells what is wrong with a script, without what it was given", async () => {
      const { store } = started;
      const { interruptions } = store.counters;
      await assert.rejects(
        store.run(script("return redis.error_reply('ODD it is')"), [], ["a secret"]),
        (error: Error) => {
          assert.ok(!(error instanceof StoreUnavailable));
          assert.match(error.message, /^Cannot run script "test": ODD it is$/);
          return true;
        },
      );
      assert.equal(store.counters.interruptions, interruptions);
      await assert.rejects(
        store.run(script("return redis.error_reply('LOADING the data')"), [], []),
        StoreUnavailable,
      );
      assert.equal(store.counters.interruptions, interruptions + 1);
    });

    it("is refused with a wrong token", async () => {
      const store = open(started.url, "wrong");
      await assert.rejects(store.run(script("return 1"), [], []), (error: Error) => {
        assert.ok(!(error instanceof StoreUnavailable));
        assert.match(error.message, /WRONGPASS/);
        return true;
      });
      await store.close();
    });

    it("waits until a stream has an entry after an id", async () => {
      const { store } = started;
      const key = "halley:{test}:stream";
      const add = script("return redis.call('XADD', KEYS[1], '5-0', 'a', '1')");
      let waiting = true;
      const wait = store.waitForEntry(key, "0-0", 60_000).then(() => waiting = false);
      await store.waitForEntry(key, "0-0", 1);
      assert.equal(waiting, true);
      await store.run(add, [key], []);
      await wait;
      await store.waitForEntry(key, "4-9", 60_000);
      await store.waitForEntry(key, "5-0", 1);
      await store.run(script("return redis.call('DEL', KEYS[1])"), [key], []);
    });
  });
}

describe("UpstashStore", () => {
  async function withRequests(
    run: (requests: Requests, store: ReturnType<typeof open>, clock: SleepClock) => Promise<void>,
  ): Promise<void> {
    const requests = new Requests();
    const clock = new SleepClock();
    const store = open(await requests.serve(), "token", clock);
    try {
      await run(requests, store, clock);
    } finally {
      await store.close();
      await requests.close();
    }
  }

  it("gives a call up that is not answered in time, and sends it once", async () => {
    await withRequests(async (requests, store, clock) => {
      const call = store.run(script("return 1"), [], []);
      const failed = assert.rejects(call, (error: Error) => {
        assert.ok(error instanceof StoreUnavailable);
        assert.match(error.message, /it was not answered within 5000 ms/);
        return true;
      });
      await requests.come(1);
      clock.advance(UpstashLimits.callMsMax);
      await failed;
      assert.equal(requests.count, 1);
      assert.equal(store.counters.interruptions, 1);
      assert.equal(clock.pending, 0);
    });
  });

  it("sends a call once that fails, since it may have been done", async () => {
    await withRequests(async (requests, store, clock) => {
      for (const [body, status] of [[{ error: "busy" }, 503], ["<html>", 200]] as const) {
        const before = requests.count;
        const failed = assert.rejects(store.run(script("return 1"), [], []), StoreUnavailable);
        await requests.come(before + 1);
        requests.answer(body, status);
        await failed;
        assert.equal(requests.count, before + 1);
      }
      assert.equal(store.counters.interruptions, 2);
      assert.equal(clock.pending, 0);
    });
  });

  it("fails when nobody is there", async () => {
    const requests = new Requests();
    const url = await requests.serve();
    await requests.close();
    const store = open(url, "token");
    await assert.rejects(store.run(script("return 1"), [], []), StoreUnavailable);
    assert.equal(store.counters.interruptions, 1);
    await store.close();
  });

  it("has so many calls under way and no more", async () => {
    await withRequests(async (requests, store) => {
      const { callsMax } = UpstashLimits;
      const calls = Array.from(
        { length: callsMax + 5 },
        () => store.run(script("return 1"), [], []),
      );
      await requests.come(callsMax);
      assert.equal(requests.count, callsMax);
      requests.answer({ result: 7 });
      await requests.come(callsMax + 1);
      for (let more = 0; more < callsMax + 4; more++) {
        requests.answer({ result: 7 });
        await requests.come(Math.min(callsMax + 5, callsMax + 2 + more));
      }
      assert.deepEqual(new Set(await Promise.all(calls)), new Set([7]));
    });
  });

  it("looks for an entry ever less often, and often again after one came", async () => {
    await withRequests(async (requests, store, clock) => {
      let looks = 0;
      const nextSleepMs = async () => {
        await requests.come(++looks);
        requests.answer({ result: 0 });
        while (clock.sleepsMs.length < looks) await turn();
        const sleepMs = clock.sleepsMs[looks - 1];
        clock.advance(sleepMs);
        return sleepMs;
      };
      const wait = store.waitForEntry("stream", "0-0", 60_000);
      for (const middleMs of [20, 40, 80, 160, 320, 640, 1_000, 1_000]) {
        const sleepMs = await nextSleepMs();
        assert.ok(sleepMs >= middleMs * 0.8 && sleepMs <= middleMs * 1.2, `${sleepMs} ms`);
      }
      await requests.come(looks + 1);
      requests.answer({ result: 1 });
      await wait;
      looks = clock.sleepsMs.length;
      requests.count = looks;
      const next = store.waitForEntry("stream", "0-0", 60_000);
      assert.ok(await nextSleepMs() <= 24);
      await store.close();
      await next;
    });
  });

  it("ends its waits and fails its calls when it is closed", async () => {
    await withRequests(async (requests, store, clock) => {
      const sleeping = store.waitForEntry("sleeping", "0-0", 60_000);
      await requests.come(1);
      requests.answer({ result: 0 });
      const asking = store.waitForEntry("asking", "0-0", 60_000);
      const failed = assert.rejects(store.run(script("return 1"), [], []), /the store was closed/);
      await requests.come(3);
      await store.close();
      await Promise.all([sleeping, asking, failed]);
      await assert.rejects(store.run(script("return 1"), [], []), /the store was closed/);
      assert.equal(clock.pending, 0);
    });
  });
});

function turn(): Promise<void> {
  return new Promise((resolve) => systemClock.nextTurn(resolve));
}
