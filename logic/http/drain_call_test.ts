import assert from "node:assert/strict";
import { test } from "node:test";
import { unknownMethod } from "../../protocol/cluster/calls.ts";
import type { CometControl } from "../../protocol/cluster/comet_calls.ts";
import type { Draining } from "../../protocol/cluster/drain_calls.ts";
import { RpcError } from "../../protocol/rpc.ts";
import { OK, setUp } from "../../tests/support/http_app.ts";
import { testNode } from "../../tests/support/test_comet.ts";

/** The app, with a comet of a process of its own, and one that is part of this. */
async function withComets(drain?: () => Promise<Draining>) {
  let stops = 0;
  const { clock, logic, comets, call } = await setUp({ stop: () => void stops++ });
  await logic.register({ ...testNode("far~1"), name: "far", rpc: "192.0.2.9:3109" });
  clock.advance(1_000);
  comets.set("far~1", { drain } as unknown as CometControl);
  const ask = async (body: string) => (await call("POST /v1/drain", { body })).text;
  return { logic, call, ask, stops: () => stops };
}

test("POST /v1/drain has this process end", async () => {
  const { ask, stops } = await withComets();
  for (const body of ['{"server":null}', '{"comet":"far"}', '{"Server":"far"}']) {
    assert.equal(await ask(body), '{"code":-400,"message":"server is missing"}', body);
  }
  assert.equal(stops(), 0);
  assert.equal(await ask("{}"), OK);
  assert.equal(stops(), 1);
});

test("POST /v1/drain has a comet go, by its name and again by its run, and says how far it is", async () => {
  let connections = 7;
  const { ask, stops, logic } = await withComets(async () => ({ connections: connections-- }));
  const left = (count: number) =>
    `{"code":0,"message":"","data":{"server":"far~1","connections":${count}}}`;
  assert.equal(await ask('{"server":"far"}'), left(7));
  assert.equal(await ask('{"server":"far~1"}'), left(6));
  await logic.register({ ...testNode("far~2"), name: "far", rpc: "192.0.2.9:3109" });
  assert.equal(stops(), 0);
});

test("POST /v1/drain says what is no comet that could go", async () => {
  const { ask, call } = await withComets();
  const code = async (body: string) => JSON.parse(await ask(body)).code;
  assert.equal(
    await ask('{"server":"nobody"}'),
    '{"code":-404,"message":"no comet is registered as \\"nobody\\""}',
  );
  assert.match(await ask('{"server":"a"}'), /^{"code":-400,.*ends with its server alone/);
  assert.match(await ask('{"server":"far"}'), /^{"code":-500,.*cannot be reached/);
  assert.deepEqual([await code("x"), await code('{"server":1}'), await code("")], [
    -400,
    -400,
    -400,
  ]);
  assert.equal((await call("GET /v1/drain")).status, 405);
  const lost = () => Promise.reject(new RpcError("lost", true, "the connection was lost"));
  assert.match(await (await withComets(lost)).ask('{"server":"far"}'), /-500,.*was lost/);
  const old = () => Promise.reject(unknownMethod(14));
  assert.match(await (await withComets(old)).ask('{"server":"far"}'), /-400,.*SIGTERM alone/);
});

test("a process that ends answers every call with 503, and is healthy though not ready", async () => {
  let isStopping = false;
  const { call } = await setUp({
    isStopping: () => isStopping,
    unready: () => isStopping ? "it stops" : undefined,
  });
  const lines = ["POST /goim/push/all?operation=1", "GET /goim/nodes/weighted", "POST /v1/drain"];
  assert.equal((await call(lines[0])).status, 200);
  isStopping = true;
  for (const line of lines) {
    const { status, response, text } = await call(line);
    assert.deepEqual([status, JSON.parse(text).code], [503, -503], line);
    assert.equal(response.headers.get("retry-after"), "1");
    assert.equal(response.headers.get("connection"), "close");
  }
  const statuses = ["/healthz", "/readyz", "/metrics"].map(async (path) =>
    (await call(`GET ${path}`)).status
  );
  assert.deepEqual(await Promise.all(statuses), [200, 503, 200]);
});
