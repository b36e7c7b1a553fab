import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { seededPrng } from "../base/prng.ts";
import { MemoryModeration } from "../drivers/memory/moderation.ts";
import { MemoryNodes } from "../drivers/memory/nodes.ts";
import { MemoryPushLog } from "../drivers/memory/push_log.ts";
import { MemorySessions } from "../drivers/memory/sessions.ts";
import { type CloseCode, CloseCodes } from "../protocol/close_codes.ts";
import { ConnectRefused } from "../protocol/cluster/connection.ts";
import { testNode } from "../tests/support/test_comet.ts";
import type { AuthRequest, Hooks, Identity, Refusal } from "./hooks.ts";
import { Logic, logicDefaults } from "./logic.ts";

const token = new TextEncoder().encode("a token");
const request = { server: "c", connectionId: 1, token, remoteAddress: "::1" };
const self = { ...request, mid: 7n, key: "k" };

/** A logic whose clients are whom the test says next. */
class Setup {
  readonly clock = new ManualClock();
  readonly sessions: MemorySessions;
  readonly logic: Logic;
  readonly asked: AuthRequest[] = [];
  answer: Identity | Refusal = { mid: 7n, key: "k" };

  private constructor(nodes: MemoryNodes, hooks: Hooks) {
    const { clock } = this;
    this.sessions = new MemorySessions(nodes);
    const authenticate = (request: AuthRequest) => {
      this.asked.push(request);
      return this.answer;
    };
    this.logic = new Logic({
      pushLog: new MemoryPushLog(clock),
      sessions: this.sessions,
      nodes,
      moderation: new MemoryModeration(clock),
      comets: new Map(),
      clock,
      running: clock,
      prng: seededPrng(1),
      hooks: { authenticate, ...hooks },
      options: logicDefaults,
    });
  }

  static async start(hooks: Hooks = {}): Promise<Setup> {
    const nodes = new MemoryNodes(new ManualClock());
    await nodes.register(testNode("c"));
    return new Setup(nodes, hooks);
  }
}

function refusedWith(close: CloseCode) {
  return (error: unknown) => error instanceof ConnectRefused && error.close === close;
}

describe("Logic.connect()", () => {
  it("says where the identity may be, and for how long", async () => {
    const setup = await Setup.start();
    const allowed = { rooms: ["live://*"], publish: [] };
    const expiresAtMs = setup.clock.wallMs() + 5_000;
    setup.answer = { mid: 7n, key: "k", room: "live://1", ...allowed, expiresAtMs };
    const { rooms, publish, expiresInMs } = await setup.logic.connect(request);
    assert.deepEqual({ rooms, publish, expiresInMs }, { ...allowed, expiresInMs: 5_000 });
  });

  it("gives the headers to the hook, and none where there are none", async () => {
    const setup = await Setup.start();
    await setup.logic.connect({ ...request, headers: { cookie: "a" } });
    await setup.logic.connect(request);
    assert.deepEqual(setup.asked.map(({ headers }) => headers), [{ cookie: "a" }, {}]);
  });

  it("refuses a room that the identity may not join, and asks no hook for it", async () => {
    const asked: string[] = [];
    const setup = await Setup.start({
      authorizeJoin: (_, room) => asked.push(room) > 0,
    });
    setup.answer = { mid: 7n, room: "live://2", rooms: ["live://1"] };
    await assert.rejects(setup.logic.connect(request), refusedWith(CloseCodes.roomRefused));
    assert.deepEqual([asked, setup.logic.counters.refusedJoins], [[], 1]);
    assert.equal(setup.sessions.size, 0);
  });

  it("counts the time that it takes to let a client in", async () => {
    for (const [thinksMs, expected] of [[3_000, 2_000], [6_000, 0]]) {
      const setup = await Setup.start({
        async authorizeJoin() {
          setup.clock.advance(thinksMs);
          return true;
        },
      });
      const expiresAtMs = setup.clock.wallMs() + 5_000;
      setup.answer = { mid: 7n, room: "live://1", expiresAtMs };
      const reply = await setup.logic.connect({ ...request, connectionId: thinksMs });
      assert.equal(reply.expiresInMs, expected);
    }
  });

  it("refuses who has expired", async () => {
    const setup = await Setup.start();
    setup.answer = { mid: 7n, expiresAtMs: setup.clock.wallMs() };
    await assert.rejects(setup.logic.connect(request), refusedWith(CloseCodes.authFailed));
    assert.equal(setup.sessions.size, 0);
  });
});

describe("Logic.renewAuth()", () => {
  it("says what the client may do from now on, and leaves its session alone", async () => {
    const setup = await Setup.start();
    setup.answer = { mid: 7n, key: "k", rooms: ["*"], expiresAtMs: setup.clock.wallMs() + 9 };
    const permissions = { rooms: ["*"], expiresInMs: 9 };
    assert.deepEqual(await setup.logic.renewAuth({ ...self, headers: { a: "b" } }), permissions);
    const { token, remoteAddress, headers } = setup.asked[0];
    assert.deepEqual({ token, remoteAddress, headers }, {
      token: request.token,
      remoteAddress: "::1",
      headers: { a: "b" },
    });
    assert.equal(setup.sessions.size, 0);
  });

  it("takes a token without a key for that of whoever shows it", async () => {
    const setup = await Setup.start();
    setup.answer = { mid: 7n };
    assert.deepEqual(await setup.logic.renewAuth(self), {});
  });

  const others: readonly (readonly [string, Identity | Refusal])[] = [
    ["of another mid", { mid: 8n, key: "k" }],
    ["of another key", { mid: 7n, key: "other" }],
    ["that is refused", { refuse: "unknown" }],
    ["that has expired", { mid: 7n, expiresAtMs: 0 }],
  ];
  for (const [which, answer] of others) {
    it(`refuses a token ${which}`, async () => {
      const setup = await Setup.start();
      setup.answer = answer;
      await assert.rejects(setup.logic.renewAuth(self), refusedWith(CloseCodes.authFailed));
      assert.equal(setup.logic.counters.refusedTokens, 1);
    });
  }

  it("fails as an auth does where the hook fails", async () => {
    const setup = await Setup.start();
    setup.answer = 5 as never;
    await assert.rejects(setup.logic.renewAuth(self), refusedWith(CloseCodes.internalError));
  });
});
