import assert from "node:assert/strict";
import type { Hooks, Identity } from "../../logic/hooks.ts";
import { describeBeside } from "../support/beside.ts";
import {
  clientEvent,
  roomEvent,
  roomInState,
  urlOf,
  withClient,
} from "../support/client_events.ts";
import { RawClient } from "../support/raw_client.ts";
import { Roles } from "../support/roles.ts";
import { withServer } from "../support/server.ts";
import { SECRET, secretToken } from "../support/tokens.ts";
import { VersionProxy } from "../support/version_proxy.ts";

const features = ["rooms", "notices"];

const decoder = new TextDecoder();

/** Believes the JSON of a token whatever it says, with time for so many seconds. */
const believing: Hooks = {
  authenticate({ token }) {
    const { mid = 1, seconds, ...rest } = JSON.parse(decoder.decode(token));
    const expiresAtMs = seconds && Date.now() + seconds * 1_000;
    return { mid: BigInt(mid), ...rest, expiresAtMs } as Identity;
  },
};

/** Asks by operation 7 and takes the answer. */
async function authenticate(client: RawClient, token: object): Promise<string> {
  client.send(7, 5, JSON.stringify(token));
  const { op, body } = await client.next();
  return `${op} ${body}`;
}

/** The close code over TCP, which is the last thing that comes. */
async function closeCode(client: RawClient): Promise<number> {
  const frames = await client.untilClosed();
  return JSON.parse(frames.at(-1)!.body.toString()).code;
}

/** The SDK stays for several lives of its tokens, and misses nothing. */
function renewed(): Promise<void> {
  let asked = 0;
  const hooks: Hooks = {
    authenticate: () => {
      asked++;
      return { mid: 1n, key: "k", features, rooms: ["live://*"], expiresAtMs: Date.now() + 1_000 };
    },
  };
  return withServer({ hooks }, async ({ wsPort, push, until }) => {
    const token = () => `token ${asked}`;
    await withClient(urlOf(wsPort), { token }, async (client) => {
      const room = client.join("live://1");
      await roomInState(room, "joined");
      const states: string[] = [];
      client.on("state", ({ state }) => states.push(state));
      await until("three renewals", (metrics) => metrics.comet_renewals_total >= 3);
      const message = roomEvent(room, "message");
      await push("room?operation=1000&type=live&room=1", "still here");
      assert.equal((await message).body, "still here");
      assert.deepEqual(states, []);
      assert.ok(asked >= 4);
      const refused = client.join("log://1");
      assert.equal((await roomEvent(refused, "state")).code, -403);
    });
  });
}

/** The same with JWTs. */
function renewedJwt(): Promise<void> {
  const options = { auth: "jwt", jwtSecret: SECRET, jwtToleranceMs: 0 } as const;
  return withServer(options, async ({ wsPort, until }) => {
    const claims = { sub: "7", rooms: ["live://*"] };
    const token = () => ({ token: secretToken({ ...claims, exp: Date.now() / 1_000 + 1.5 }) });
    await withClient(urlOf(wsPort), { token }, async (client) => {
      const room = client.join("live://1");
      await roomInState(room, "joined");
      const states: string[] = [];
      client.on("state", ({ state }) => states.push(state));
      await until("two renewals", (metrics) => metrics.comet_renewals_total >= 2);
      assert.deepEqual([states, room.state], [[], "joined"]);
    });
  });
}

/** The SDK that has but one token comes back with it, and ends when it is refused. */
function expired(): Promise<void> {
  const expiresAtMs = Date.now() + 700;
  const hooks: Hooks = {
    authenticate: () => ({ mid: 1n, features, expiresAtMs }),
  };
  return withServer(
    { hooks },
    ({ wsPort }) =>
      withClient(urlOf(wsPort), { token: "one" }, async (client) => {
        const waiting = await clientEvent(client, "state", ({ state }) => state === "waiting");
        assert.deepEqual([waiting.code, waiting.reason], [4011, "token expired"]);
        const closed = await clientEvent(client, "state", ({ state }) => state === "closed");
        assert.equal(closed.code, 4001);
      }),
  );
}

/** A cluster's comet holds what logic has said of a client. */
async function held(roles: Roles): Promise<void> {
  roles.hooks = believing;
  const { port } = await roles.addComet("comet-1", await roles.addLogic());
  const open = async (token: object) => {
    const client = await RawClient.connect(port);
    return { client, answer: await authenticate(client, token) };
  };
  const token = { mid: 7, key: "k", room: "live://1", rooms: ["live://*"], seconds: 60, features };
  const { client, answer } = await open(token);
  const { expires_ms, ...auth } = JSON.parse(answer.slice(2));
  assert.deepEqual([auth.code, auth.mid, expires_ms > 55_000 && expires_ms <= 60_000], [
    0,
    "7",
    true,
  ]);
  client.send(12, 1, "log://1");
  assert.equal((await client.next()).body.toString(), "live://1");
  const renewal = await authenticate(client, { ...token, seconds: 600 });
  assert.match(renewal, /^8 \{"code":0,"expires_ms":(599\d\d\d|600000)\}$/);
  // A fresh token must be of the same mid and key, and let it be where it is.
  const refused: readonly (readonly [object, number])[] = [
    [{ ...token, mid: 8 }, 4001],
    [{ ...token, key: "other" }, 4001],
    [{ ...token, rooms: [] }, 4008],
    [{ ...token, seconds: -1 }, 4001],
  ];
  for (const [fresh, code] of refused) {
    const { client } = await open(token);
    client.send(7, 2, JSON.stringify(fresh));
    assert.equal(await closeCode(client), code, JSON.stringify(fresh));
  }
  const outside = await RawClient.connect(port);
  outside.send(7, 1, JSON.stringify({ ...token, room: "log://1" }));
  assert.deepEqual(await outside.untilClosed(), []);
  const short = await open({ ...token, seconds: 0.3 });
  assert.equal(await closeCode(short.client), 4011);
  client.close();
}

/** Renewals go past logics that know nothing of them; where all are such, nothing is renewed. */
async function ofEarlierLogic(roles: Roles): Promise<void> {
  roles.hooks = believing;
  const logic = await roles.addLogic();
  const proxy = await VersionProxy.start(logic, "neither");
  try {
    const mixed = await roles.addComet("mixed", proxy.port, logic);
    const earlier = await roles.addComet("earlier", proxy.port);
    const client = await RawClient.connect(mixed.port);
    const token = { key: "k", seconds: 60, features };
    for (let time = 0; time < 3; time++) {
      assert.match(await authenticate(client, token), /^8 \{"code":0,/);
    }
    client.close();
    const other = await RawClient.connect(earlier.port);
    assert.match(await authenticate(other, { ...token, seconds: 0.5 }), /^8 \{"code":0,/);
    assert.match(await authenticate(other, token), /^8 \{"code":-500,/);
    assert.equal(await closeCode(other), 4011);
  } finally {
    await proxy.stop();
  }
}

const cases: Readonly<Record<string, () => Promise<void>>> = {
  "is renewed by the SDK, which misses nothing": renewed,
  "is renewed by the SDK where it is a JWT": renewedJwt,
  "closes the connection of a client that has but one token": expired,
  "holds in a cluster, as do its rooms": () => Roles.use(held),
  "is renewed by the logics that know how": () => Roles.use(ofEarlierLogic),
};

describeBeside("what a client was let in with", { timeout: 30_000 }, cases, (run) => run());
