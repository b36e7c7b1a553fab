import assert from "node:assert/strict";
import { test } from "node:test";
import { StoreUnavailable } from "../../drivers/ports.ts";
import { bad, OK, PEER, setUp } from "../../tests/support/http_app.ts";

const oneTooMany = Array.from({ length: 10_001 }, (_, index) => `&keys=k${index}`).join("");

/** Calls and their exact answers, each HTTP 200. */
const ANSWERS: readonly [string, string][] = [
  ["POST /goim/push/keys?operation=1000&keys=x", OK],
  ["POST /goim/push/keys?operation=1000&keys=x&keys=y&keys=nobody", OK],
  ["POST /goim/push/keys?operation=1000&keys=nobody", OK],
  ["POST /goim/push/keys?keys=x", bad("operation is missing")],
  ["POST /goim/push/keys?operation=&keys=x", bad("operation is missing")],
  ["POST /goim/push/keys?operation=1000", bad("keys is missing")],
  [
    `POST /goim/push/keys?operation=1${oneTooMany}`,
    bad("keys must be at most 10000, current number is 10001"),
  ],
  ["POST /goim/push/mids?operation=1000&mids=7&mids=9223372036854775807", OK],
  ["POST /goim/push/mids?operation=1000&mids=-9223372036854775808", OK],
  ["POST /goim/push/mids?operation=1000", bad("mids is missing")],
  [
    "POST /goim/push/mids?operation=1000&mids=7&mids=9223372036854775808",
    bad('mids must be an int64, current value is "9223372036854775808"'),
  ],
  [
    "POST /goim/push/mids?operation=1000&mids=1,2",
    bad('mids must be an int64, current value is "1,2"'),
  ],
  ["POST /goim/push/mids?operation=1000&mids=", bad('mids must be an int64, current value is ""')],
  ["POST /goim/push/room?operation=1000&type=live&room=1000", OK],
  ["POST /goim/push/room?operation=-2147483648&type=live&room=%E4%BD%A0", OK],
  ["POST /goim/push/room?type=live&room=1000", bad("operation is missing")],
  ["POST /goim/push/room?operation=1000&room=1000", bad("type is missing")],
  ["POST /goim/push/room?operation=1000&type=live", bad("room is missing")],
  ["POST /goim/push/room?operation=1000&type=live&room=", bad("room is missing")],
  [
    "POST /goim/push/room?operation=1e3&type=live&room=1",
    bad('operation must be an integer, -2147483648 to 2147483647, current value is "1e3"'),
  ],
  [
    "POST /goim/push/room?operation=2147483648&type=live&room=1",
    bad('operation must be an integer, -2147483648 to 2147483647, current value is "2147483648"'),
  ],
  [
    "POST /goim/push/room?operation=0&type=live&room=1",
    bad("operation must be an int32 but 0, current value is 0"),
  ],
  [
    "POST /goim/push/room?operation=1&type=live&room=%ff",
    bad("query must be percent-encoded UTF-8"),
  ],
  [
    "POST /goim/push/room?operation=1&type=live&room=%zz",
    bad("query must be percent-encoded UTF-8"),
  ],
  ["POST /goim/push/room", bad("operation is missing")],
  ["POST /goim/push/room?operation=1&type=live&room=1&id=a&media_ms=61500", OK],
  [
    "POST /goim/push/room?operation=1&type=log&room=1&id=a&media_ms=0",
    '{"code":0,"message":"","data":{"epoch":"e1","offset":1}}',
  ],
  [
    "POST /goim/push/room?operation=1&type=log&room=1&id=",
    bad('id must be well-formed text of 1 to 128 characters, current value is ""'),
  ],
  [
    `POST /goim/push/room?operation=1&type=log&room=1&id=${"i".repeat(10_240)}`,
    bad(
      `id must be well-formed text of 1 to 128 characters, current value is "${"i".repeat(64)}…"`,
    ),
  ],
  [
    "POST /goim/push/room?operation=1&type=log&room=1&media_ms=9007199254740992",
    bad('media_ms must be an integer of at most 53 bits, current value is "9007199254740992"'),
  ],
  [
    "POST /goim/push/room?operation=1&type=log&room=1&media_ms=-1",
    bad("media_ms must be an integer, 0 to 9007199254740991, current value is -1"),
  ],
  [
    "POST /goim/push/room?operation=1&type=log&room=1&media_ms=1.5",
    bad('media_ms must be an integer of at most 53 bits, current value is "1.5"'),
  ],
  ["POST /goim/push/all?operation=1000&id=a", OK],
  [
    `POST /goim/push/keys?operation=1&keys=x&id=${"i".repeat(129)}`,
    bad(
      `id must be well-formed text of 1 to 128 characters, current value is "${"i".repeat(64)}…"`,
    ),
  ],
  ["POST /goim/push/all?operation=1000", OK],
  ["POST /goim/push/all?operation=1000&speed=100", OK],
  ["POST /goim/push/all?speed=1", bad("operation is missing")],
  [
    "POST /goim/push/all?operation=1000&speed=-1",
    bad('speed must be an integer, 0 to 2147483647, current value is "-1"'),
  ],
  [
    "GET /goim/online/top?type=live&limit=10",
    '{"code":0,"message":"","data":[{"room_id":"20","count":55},{"room_id":"1000","count":20}]}',
  ],
  [
    "GET /goim/online/top?type=live&limit=1",
    '{"code":0,"message":"","data":[{"room_id":"20","count":55}]}',
  ],
  ["GET /goim/online/top?type=liv&limit=1", '{"code":0,"message":"","data":[]}'],
  ["GET /goim/online/top?limit=1", bad("type is missing")],
  ["GET /goim/online/top?type=live", bad("limit is missing")],
  [
    "GET /goim/online/top?type=live&limit=0",
    bad('limit must be an integer, 1 to 2147483647, current value is "0"'),
  ],
  [
    "GET /goim/online/room?type=live&rooms=1000&rooms=2000",
    '{"code":0,"message":"","data":{"1000":20,"2000":0}}',
  ],
  [
    "GET /goim/online/room?type=live&rooms=__proto__",
    '{"code":0,"message":"","data":{"__proto__":0}}',
  ],
  ["GET /goim/online/room?type=live", bad("rooms is missing")],
  ["GET /goim/online/room?rooms=1000", bad("type is missing")],
  ["GET /goim/online/total", '{"code":0,"message":"","data":{"conn_count":200,"ip_count":120}}'],
  [
    "GET /goim/nodes/weighted?platform=web",
    '{"code":0,"message":"","data":{"domain":"push.example.com","tcp_port":3101,"ws_port":3102,' +
    '"wss_port":0,"heartbeat":30,"heartbeat_max":3,' +
    '"nodes":["host-a.example.com","host-b.example.com"],' +
    '"backoff":{"max_delay":300,"base_delay":3,"factor":1.8,"jitter":0.3}}}',
  ],
  [
    "GET /goim/nodes/instances",
    '{"code":0,"message":"","data":[' +
    '{"region":"west","zone":"west-1","env":"test","appid":"goim.comet","hostname":"host-a",' +
    '"addrs":["192.0.2.1"],"version":"0.1.0","latest_timestamp":1700000000123000000,' +
    '"metadata":{"weight":"10","conn_count":"100","ip_count":"60","offline":"false",' +
    '"addrs":"192.0.2.1"}},' +
    '{"region":"east","zone":"east-1","env":"test","appid":"goim.comet","hostname":"host-b",' +
    '"addrs":["192.0.2.2"],"version":"0.1.0","latest_timestamp":1700000000123000000,' +
    '"metadata":{"weight":"10","conn_count":"100","ip_count":"60","offline":"false",' +
    '"addrs":"192.0.2.2"}}]}',
  ],
  ["GET /healthz", OK],
  ["GET /readyz", OK],
];

for (const [line, expected] of ANSWERS) {
  const shown = line.length > 80 ? `${line.slice(0, 80)}…` : line;
  test(`${shown} is answered ${expected}`, async () => {
    const { call } = await setUp();
    const { status, response, text } = await call(line);
    assert.equal(text, expected);
    assert.equal(status, 200);
    assert.match(response.headers.get("content-type")!, /^application\/json/);
  });
}

test("pushes reach the log with their parameters and the raw body", async () => {
  const { pushLog, call } = await setUp();
  const bytes = new Uint8Array([0, 255, 10, 13]);
  const init = { body: bytes, headers: { "content-type": "application/x-www-form-urlencoded" } };
  const shared = { operation: 1001, body: bytes };
  await call("POST /goim/push/keys?operation=1001&keys=x&keys=nobody&keys=z%26%3F", init);
  await call("POST /goim/push/mids?operation=1001&mids=9223372036854775807&mids=7", init);
  await call("POST /goim/push/room?operation=1001&type=live&room=a+b%2F%E4%BD%A0", init);
  await call("POST /goim/push/all?operation=1001&speed=5", init);
  assert.deepEqual(pushLog.taken, [
    { ...shared, kind: "keys", server: "a", keys: ["x", "z&?"] },
    { ...shared, kind: "keys", server: "a", keys: ["y", "x"] },
    { ...shared, kind: "room", room: "live://a b/你" },
    { ...shared, kind: "broadcast", speed: 5 },
  ]);
});

test("ids and the media time of pushes reach the log", async () => {
  const { pushLog, call } = await setUp();
  await call("POST /goim/push/keys?operation=1&keys=x&id=k");
  await call("POST /goim/push/mids?operation=1&mids=7&id=m");
  await call("POST /goim/push/room?operation=1&type=log&room=1&id=%E4%BD%A0&media_ms=61500");
  await call("POST /goim/push/all?operation=1&id=a&id=b");
  assert.deepEqual(pushLog.options.map(({ publishId }) => publishId), ["k", "m", "你", "a"]);
  const [room] = pushLog.taken.filter(({ kind }) => kind === "room");
  assert.equal(room.kind === "room" && room.mediaMs, 61_500);
});

test("goim fault 4: one bad key does not abort the rest of a push to keys", async () => {
  const { pushLog, call } = await setUp();
  const { text } = await call("POST /goim/push/keys?operation=1&keys=&keys=%00&keys=x&keys=y");
  assert.equal(text, OK);
  const [push] = pushLog.taken;
  assert.deepEqual(push.kind === "keys" && push.keys, ["x", "y"]);
});

test("goim fault 8: broadcast with no comets answers code 0", async () => {
  const { pushLog, call } = await setUp({ comets: false });
  for (const speed of [0, 7]) {
    const { text } = await call(`POST /goim/push/all?operation=1000&speed=${speed}`);
    assert.equal(text, OK);
  }
  assert.equal(pushLog.taken.length, 2);
});

test("a body is taken up to its limit and refused past it", async () => {
  const { logic, pushLog, call } = await setUp();
  const push = "POST /goim/push/all?operation=1000";
  const refused = (bytes: number) =>
    bad(`body must be at most 65472 bytes, current value is ${bytes}`);
  assert.equal((await call(push, { body: new Uint8Array(65_472) })).text, OK);
  assert.equal((await call(push, { body: new Uint8Array(65_473) })).text, refused(65_473));
  assert.equal((await call(push, { body: new Uint8Array(2 ** 20) })).text, refused(2 ** 20));
  assert.equal((await call(push, { body: undefined })).text, OK);
  assert.deepEqual(pushLog.taken.map(({ body }) => body.byteLength), [65_472, 0]);
  assert.equal(logic.counters.httpBadRequests, 2);
});

test("a full push log is code -500 and counted, and so is a store that is away", async () => {
  const { logic, pushLog, call } = await setUp({ partitionBytesMax: 100 });
  const full = '{"code":-500,"message":"push log is full"}';
  for (const target of ["all?operation=1", "room?operation=1&type=log&room=1&id=a"]) {
    const { status, text } = await call(`POST /goim/push/${target}`);
    assert.deepEqual([status, text], [200, full]);
  }
  pushLog.append = () => Promise.reject(new StoreUnavailable("gone"));
  const { text } = await call("POST /goim/push/room?operation=1&type=log&room=1&id=a");
  assert.equal(text, '{"code":-500,"message":"store is away, try again"}');
  assert.equal(logic.counters.httpFaults, 3);
  assert.equal(logic.counters.pushesFailed, 3);
});

test("a fault inside is code -500 and does not tell what happened", async () => {
  const { pushLog, nodes, clock, call } = await setUp();
  pushLog.append = () => Promise.reject(new Error("a secret"));
  nodes.list = () => Promise.reject(new Error("another"));
  clock.advance(1_000);
  const fault = '{"code":-500,"message":"server fault"}';
  assert.equal((await call("POST /goim/push/all?operation=1000")).text, fault);
  assert.equal((await call("GET /goim/online/total")).text, fault);
});

test("what is no call is HTTP 404, and a call by another method 405", async () => {
  const { call } = await setUp();
  const missing = '{"code":-404,"message":"no such call"}';
  for (const path of ["/", "/goim", "/goim/push", "/goim/push/all//", "/goim/push/ALL"]) {
    const { status, text } = await call(`GET ${path}`);
    assert.deepEqual([status, text], [404, missing], path);
  }
  for (const line of ["GET /goim/push/all?operation=1", "PUT /goim/push/keys"]) {
    const { status, response, text } = await call(line);
    assert.deepEqual([status, text], [405, '{"code":-405,"message":"method must be POST"}']);
    assert.equal(response.headers.get("allow"), "POST");
  }
  const { status, text } = await call("POST /goim/online/total");
  assert.deepEqual([status, text], [405, '{"code":-405,"message":"method must be GET"}']);
});

const SLASHES: readonly [string, number, string][] = [
  ["GET /goim/online/total/", 301, "/goim/online/total"],
  ["GET /goim/online/top/?type=live&limit=1", 301, "/goim/online/top?type=live&limit=1"],
  ["POST /goim/push/all/?operation=1&x=%2F%3F", 307, "/goim/push/all?operation=1&x=%2F%3F"],
  ["GET /healthz/", 301, "/healthz"],
  ["GET /goim/push/all/?operation=1", 404, ""],
  ["POST /goim/online/total/", 404, ""],
  ["GET //", 404, ""],
  ["GET //evil.example/", 404, ""],
];

for (const [line, status, location] of SLASHES) {
  test(`${line} is answered ${status} ${location}, as goim's router does`, async () => {
    const { call, pushLog } = await setUp();
    const { response } = await call(line);
    assert.deepEqual([response.status, response.headers.get("location") ?? ""], [status, location]);
    assert.deepEqual(pushLog.taken, []);
  });
}

test("/goim/nodes/weighted takes a client's region from what a trusted proxy says", async () => {
  const ask = async (trustedProxies: readonly string[]) => {
    const { call } = await setUp({ trustedProxies });
    const headers = { "x-forwarded-for": "10.2.0.5" };
    const { text } = await call("GET /goim/nodes/weighted?platform=web", { headers });
    return JSON.parse(text).data.nodes[0];
  };
  assert.equal(await ask([]), "host-a.example.com");
  assert.equal(await ask([`${PEER.remoteAddress}/32`]), "host-b.example.com");
});

test("/readyz is HTTP 503 while the server cannot take work", async () => {
  const { call } = await setUp({ unready: () => Promise.resolve("it rains") });
  const { status, text } = await call("GET /readyz");
  assert.deepEqual([status, text], [503, '{"code":-503,"message":"not ready: it rains"}']);
  assert.equal((await call("GET /healthz")).status, 200);
});

test("/metrics is Prometheus's text", async () => {
  const { call } = await setUp();
  const { response, text } = await call("GET /metrics");
  assert.equal(text, "up 1\n");
  assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
});
