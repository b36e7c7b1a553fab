import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { seededPrng } from "../../base/prng.ts";
import { MemoryModeration } from "../../drivers/memory/moderation.ts";
import { MemoryNodes } from "../../drivers/memory/nodes.ts";
import { MemorySessions } from "../../drivers/memory/sessions.ts";
import type { Admission, AdmissionRules, ClientMessage } from "../../drivers/ports.ts";
import { PushLogFull, StoreUnavailable } from "../../drivers/ports.ts";
import type { PublishRequest } from "../../protocol/cluster/publish.ts";
import { EMPTY } from "../../protocol/frame.ts";
import { roomDefaults, type RoomOptions, RoomTypes } from "../../protocol/room_options.ts";
import { NotingLog } from "../../tests/support/http_app.ts";
import { withLogLines } from "../../tests/support/log_lines.ts";
import { goimAuth } from "../auth/goim.ts";
import { LogicCounters } from "../counters.ts";
import { History } from "../history.ts";
import type { Verdict } from "../hook_answers.ts";
import { HookCalls } from "../hook_calls.ts";
import type { Hooks } from "../hooks.ts";
import { Logic, logicDefaults } from "../logic.ts";
import { Push } from "../push.ts";
import { WebhookFailed } from "../webhook/client.ts";
import { Upstream } from "./upstream.ts";
import type { Webhook } from "./webhook.ts";

const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];
const OTHERS = { message: "", retryMs: 0, epoch: "", offset: 0, reply: EMPTY };
const FAILED = { ...OTHERS, code: -500, message: "message could not be taken, try again" };

/** Admits what the test says, and notes what it was asked. */
class Doorman extends MemoryModeration {
  readonly asked: [ClientMessage, AdmissionRules][] = [];
  answer: () => Promise<Admission> = async () => ({ admitted: true });

  override admit(message: ClientMessage, rules: AdmissionRules): Promise<Admission> {
    this.asked.push([message, rules]);
    return this.answer();
  }
}

/** A logic whose rooms of type `live` keep history and take messages; those of `off` take none. */
function setUp(hooks: Hooks = {}, live: Partial<RoomOptions> = {}) {
  const clock = new ManualClock();
  const nodes = new MemoryNodes(clock);
  const pushLog = new NotingLog(clock);
  const moderation = new Doorman(clock);
  const publish = { ...roomDefaults, historySize: 50, upstream: "publish" } as const;
  const logic = new Logic({
    pushLog,
    sessions: new MemorySessions(nodes),
    nodes,
    moderation,
    comets: new Map(),
    clock,
    running: clock,
    prng: seededPrng(1),
    hooks,
    options: {
      ...logicDefaults,
      rooms: [
        { ...publish, type: "live", ...live },
        { ...publish, type: "flow", historySize: 0, publishOperation: 2000 },
        { ...publish, type: "off", upstream: "off" },
      ],
    },
  });
  return { logic, pushLog, moderation, counters: logic.counters };
}

function request(body: string, changes: Partial<PublishRequest> = {}): PublishRequest {
  const identity = { server: "c", connectionId: 1, mid: 7n, key: "k" };
  return { ...identity, room: "live://1", body: encoder.encode(body), ...changes };
}

/** The body of operation 5. */
async function send(logic: Logic, body: string, room = "live://1", operation = 4): Promise<string> {
  const frame = { ...request(body, { room }), room, operation, sequence: 1 };
  return decoder.decode(await logic.receive(frame));
}

describe("Logic.publish()", () => {
  test("pushes to the room, with who says it and its place, and answers with its own", async () => {
    const { logic, pushLog, moderation, counters } = setUp();
    const body = encoder.encode("hi");
    const publishing = logic.publish({ ...request(""), body, mediaMs: 5, publishId: "a" });
    body.fill(0);
    assert.deepEqual(await publishing, { ...OTHERS, code: 0, epoch: "e1", offset: 1 });
    const push = { kind: "room", room: "live://1", operation: 1000, body: encoder.encode("hi") };
    assert.deepEqual(pushLog.taken, [{ ...push, mediaMs: 5, mid: 7n }]);
    const [[message, rules]] = moderation.asked;
    assert.deepEqual(message, { sender: "m7", room: "live://1", digest: "", publishId: "a" });
    const { publishMidRate: perSecondMax, publishMidBurst: burst } = logicDefaults;
    assert.deepEqual(rules, { perSecondMax, burst, slowModeMs: 0, duplicateWindowMs: 0 });
    assert.equal(counters.published, 1);
    assert.equal(counters.pushesAccepted, 0, "that is no push call");
  });

  test("takes the operation of the message, and else that of the type", async () => {
    const { logic, pushLog } = setUp();
    const flow = { room: "flow://1", mid: 0n };
    assert.deepEqual(await logic.publish(request("a", flow)), { ...OTHERS, code: 0 });
    await logic.publish(request("b", { ...flow, operation: -5 }));
    assert.deepEqual(pushLog.taken.map(({ operation }) => operation), [2000, -5]);
    assert.equal("mid" in pushLog.taken[0], false, "nobody said it");
    for (const operation of [0, 3, 17, 64, 75]) {
      const { code, message } = await logic.publish(request("c", { operation }));
      const rule = `op must not be one of the protocol's own, current value is ${operation}`;
      assert.deepEqual([code, message], [-400, rule]);
    }
    assert.equal(logic.counters.messagesWrong, 5);
  });

  test("names pushes so that no other sender and no back end has the same id", async () => {
    const { logic, pushLog } = setUp();
    const senders = [
      { mid: 7n, publishId: "a" },
      { mid: 7n, publishId: "a", key: "other", connectionId: 2 },
      { mid: 8n, publishId: "a" },
      { mid: 0n, key: "x", publishId: "y:z" },
      { mid: 0n, key: "x:y", publishId: "z" },
      { mid: 0n, key: "m7", publishId: "a" },
      { mid: 0n, key: "7", publishId: "a" },
      { mid: 1n, publishId: "2a" },
      { mid: 12n, publishId: "a" },
      {},
    ];
    for (const sender of senders) await logic.publish(request("hi", sender));
    const ids = pushLog.options.map(({ publishId }) => publishId);
    assert.equal(ids[0], ids[1], "a user's id is the same on each of its connections");
    assert.equal(new Set(ids).size, 9);
    assert.equal(ids.at(-1), undefined);
    for (const id of ids.slice(0, 9)) assert.match(id!, /^[\w-]{43}$/);
  });

  test("refuses where the type says so, what is too long, and what cannot be", async () => {
    const { logic, pushLog, counters } = setUp({}, { messageBytesMax: 5 });
    const off = "messages of clients are not published in this room";
    for (const room of ["off://1", "other://1"]) {
      const reply = await logic.publish(request("hi", { room }));
      assert.deepEqual(reply, { ...OTHERS, code: -403, message: off });
    }
    const long = "a message must be at most 5 bytes, current value is 6";
    const reply = await logic.publish(request("hé678"));
    assert.deepEqual(reply, { ...OTHERS, code: -400, message: long });
    assert.equal((await logic.publish(request("hi", { publishId: "" }))).code, -400);
    assert.equal((await logic.publish(request("hi", { mediaMs: -1 }))).code, -400);
    assert.deepEqual(pushLog.taken, []);
    assert.deepEqual([counters.messagesOff, counters.messagesWrong], [2, 3]);
  });

  const refusals = [
    ["muted", -403, "the user is muted", "messagesMuted"],
    ["duplicate", -429, "the same was said a moment ago", "messagesRepeated"],
    ["slow-mode", -429, "slow mode: the next message may not come yet", "messagesInSlowMode"],
    ["rate", -429, "too many messages", "messagesOverRate"],
  ] as const;
  for (const [reason, code, message, counter] of refusals) {
    test(`answers ${code} to who is not admitted: ${reason}`, async () => {
      const { logic, pushLog, moderation, counters } = setUp({
        message: () => assert.fail("the application is not asked"),
      });
      moderation.answer = async () => ({ admitted: false, reason, retryMs: 1200 });
      const reply = await logic.publish(request("hi"));
      assert.deepEqual(reply, { ...OTHERS, code, message, retryMs: 1200 });
      assert.equal(await send(logic, "hi"), JSON.stringify({ code, message, retry_ms: 1200 }));
      assert.deepEqual([pushLog.taken, counters[counter]], [[], 2]);
    });
  }

  test("holds a message to the rules of its room, and tells its text from others", async () => {
    const live = { slowModeMs: 5_000, duplicateWindowMs: 60_000 };
    const { logic, moderation } = setUp({}, live);
    const texts = ["a", "a", "b"];
    for (const text of texts) await logic.publish(request(text));
    const [a, again, b] = moderation.asked.map(([{ digest }]) => digest);
    assert.equal(a, again);
    assert.notEqual(a, b);
    const { slowModeMs, duplicateWindowMs } = moderation.asked[0][1];
    assert.deepEqual({ slowModeMs, duplicateWindowMs }, live);
  });

  for (const error of [new StoreUnavailable("away"), new PushLogFull("full"), new Error("?")]) {
    test(`answers -500 when the store fails: ${error.name}`, () =>
      withLogLines(["halley"], async (lines) => {
        const { logic, pushLog, moderation, counters } = setUp();
        pushLog.append = () => Promise.reject(error);
        assert.deepEqual(await logic.publish(request("hi")), FAILED);
        moderation.answer = () => Promise.reject(error);
        assert.deepEqual(await logic.publish(request("hi")), FAILED);
        assert.deepEqual([counters.messagesFailed, counters.published], [2, 0]);
        // What may go on for long is not logged for each message.
        assert.equal(lines.length, error.name === "Error" ? 2 : 0);
      }));
  }
});

describe("Hooks.message() where messages are pushed", () => {
  test("is asked with what will be pushed, and lets it pass", async () => {
    const asked: unknown[] = [];
    const { logic, pushLog } = setUp({
      message(identity, room, message) {
        asked.push([identity, room, { ...message, body: decoder.decode(message.body) }]);
        message.body.fill(0);
      },
    });
    await logic.publish(request("hi", { mediaMs: 5, publishId: "a" }));
    assert.equal(await send(logic, "ho"), "");
    const identity = { server: "c", connectionId: 1, mid: 7n, key: "k" };
    assert.deepEqual(asked, [
      [identity, "live://1", { operation: 1000, body: "hi", mediaMs: 5, id: "a" }],
      [identity, "live://1", { operation: 1000, body: "ho" }],
    ]);
    assert.deepEqual(pushLog.taken.map(({ body }) => decoder.decode(body)), ["hi", "ho"]);
  });

  test("replaces, refuses, or takes the message itself", async () => {
    const answers: Awaited<ReturnType<NonNullable<Hooks["message"]>>>[] = [
      { replace: "h*" },
      { replace: encoder.encode("bytes") },
      { refuse: "not nice" },
      { reply: "mine" },
    ];
    const { logic, pushLog, counters } = setUp({ message: async () => answers.shift() });
    assert.equal((await logic.publish(request("hi"))).offset, 1);
    assert.equal((await logic.publish(request("hi"))).offset, 2);
    const refused = { ...OTHERS, code: -403, message: "not nice" };
    assert.deepEqual(await logic.publish(request("hi")), refused);
    const reply = encoder.encode("mine");
    assert.deepEqual(await logic.publish(request("hi")), { ...OTHERS, code: 0, reply });
    assert.deepEqual(pushLog.taken.map(({ body }) => decoder.decode(body)), ["h*", "bytes"]);
    assert.deepEqual([counters.published, counters.messagesRefused], [2, 1]);
  });

  const wrong: unknown[] = [{}, { replace: 5 }, { replace: "x".repeat(65_536) }, "no"];
  wrong.push({ refuse: "no", replace: "h*" }, null);
  test("fails when its answer is none, and nothing is pushed", async () => {
    const answers = [...wrong];
    const { logic, pushLog, counters } = setUp({ message: () => answers.shift() as undefined });
    for (const _ of wrong) assert.deepEqual(await logic.publish(request("hi")), FAILED);
    assert.deepEqual([pushLog.taken, counters.messageFailures], [[], wrong.length]);
  });
});

describe("messages to a room where they are not pushed", () => {
  test("are the application's, which takes, answers or refuses them", async () => {
    const answers = [undefined, { reply: "mine" }, { refuse: "no" }, { replace: "h*" }];
    const asked: unknown[] = [];
    const { logic, pushLog, moderation, counters } = setUp({
      message(_identity, room, { operation, mediaMs, id }) {
        asked.push([room, operation, mediaMs, id]);
        return answers.shift();
      },
    });
    const other = { room: "other://1", mediaMs: 5, publishId: "a" };
    assert.deepEqual(await logic.publish(request("hi", other)), { ...OTHERS, code: 0 });
    const { reply } = await logic.publish(request("hi", other));
    assert.equal(decoder.decode(reply), "mine");
    assert.equal((await logic.publish(request("hi", other))).message, "no");
    assert.deepEqual(await logic.publish(request("hi", other)), FAILED);
    assert.deepEqual(asked[0], ["other://1", 1000, 5, "a"]);
    assert.deepEqual([pushLog.taken, moderation.asked, counters.messageFailures], [[], [], 1]);
  });

  test("by operation 4 go goim's way, as do other operations and who is in no room", async () => {
    const asked: string[] = [];
    const { logic, pushLog } = setUp({
      message(_identity, room, { operation, body }) {
        asked.push(`${room} ${operation}`);
        return { reply: body };
      },
    });
    assert.equal(await send(logic, "a", "other://1"), "a");
    assert.equal(await send(logic, "b", "live://1", 1000), "b");
    assert.equal(await send(logic, "c", ""), "c");
    assert.deepEqual(asked, ["other://1 4", "live://1 1000", " 4"]);
    assert.deepEqual(pushLog.taken, []);
    const off = '{"code":-403,"message":"messages of clients are not published in this room"}';
    assert.equal(await send(logic, "d", "off://1"), off);
  });
});

describe("Upstream where the webhook is asked", () => {
  /** What takes messages, with a webhook that answers as the test says. */
  function withWebhook(answer: () => Verdict, webhookFallback: "allow" | "refuse" = "refuse") {
    const asked: unknown[] = [];
    const judge: Webhook["judge"] = async (sender, identity, room, message) => {
      asked.push([sender, identity.key, room, decoder.decode(message.body)]);
      return answer();
    };
    const counters = new LogicCounters();
    const clock = new ManualClock();
    const log = new NotingLog(clock);
    const rooms = [{
      ...roomDefaults,
      type: "live",
      upstream: "webhook" as const,
      webhookFallback,
    }];
    const roomTypes = new RoomTypes(rooms);
    const sessions = new MemorySessions(new MemoryNodes(clock));
    const hooks: Hooks = { message: () => assert.fail("the hook is not asked") };
    const upstream = new Upstream({
      hooks: new HookCalls(hooks, { authenticate: goimAuth }, 1_000, clock, counters),
      moderation: new MemoryModeration(clock),
      push: new Push(log, sessions, new History(log, roomTypes), counters),
      webhook: () => ({ judge }) as Webhook,
      roomTypes,
      midRate: () => ({ perSecondMax: 0, burst: 1 }),
      counters,
    });
    const publish = () => upstream.publish(request("hi"));
    const pushed = () => log.taken.map(({ body }) => decoder.decode(body));
    return { publish, pushed, asked, counters };
  }

  test("pushes, replaces or refuses as it says", async () => {
    const answers: Verdict[] = [{}, { replace: encoder.encode("h*") }, { refuse: "not nice" }];
    const { publish, pushed, asked, counters } = withWebhook(() => answers.shift()!);
    const codes = [await publish(), await publish(), await publish()].map(({ code }) => code);
    assert.deepEqual(codes, [0, 0, -403]);
    assert.deepEqual(pushed(), ["hi", "h*"]);
    assert.deepEqual(asked[0], ["m7", "k", "live://1", "hi"]);
    assert.deepEqual([counters.published, counters.messagesRefused], [2, 1]);
  });

  for (const [fallback, code] of [["allow", 0], ["refuse", -500]] as const) {
    test(`answers ${code} when it fails and the fallback is ${fallback}`, async () => {
      const fail = () => {
        throw new WebhookFailed();
      };
      const { publish, pushed, counters } = withWebhook(fail, fallback);
      assert.equal((await publish()).code, code);
      assert.deepEqual(pushed(), code === 0 ? ["hi"] : []);
      assert.equal(counters.webhookFallbacks, code === 0 ? 1 : 0);
    });
  }
});
