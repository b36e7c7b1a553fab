import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, promisesSettled } from "../base/clock.ts";
import { ConfigError } from "../options/reading.ts";
import { drainCommand, drainHelp } from "./drain_command.ts";

interface Asked {
  readonly line: string;
  readonly body: string;
  readonly key: string | null;
}

type Answers = (asked: Asked) => Response | Error;

/** Runs the command against answers of the test's own, on a clock that goes as fast as it waits. */
async function halley(args: string, answers: Answers, apiKey?: string) {
  const clock = new ManualClock();
  const asked: Asked[] = [];
  const out: string[] = [];
  const errors: string[] = [];
  const answered = drainCommand(args.split(" ").filter((arg) => arg !== ""), {
    clock,
    apiKey,
    say: (text, isError) => void (isError ? errors : out).push(text),
    fetch: async (url, init = {}) => {
      const { method = "GET", body = "", headers } = init;
      const key = new Headers(headers).get("authorization");
      const one = { line: `${method} ${url}`, body: String(body), key };
      asked.push(one);
      const answer = answers(one);
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  let code: number | undefined;
  void answered.then((value) => code = value, () => code = -1);
  while (code === undefined) {
    await promisesSettled();
    clock.advance(1_000);
  }
  return { code: await answered, out, errors, asked, tookMs: clock.monotonicMs() };
}

const left = (connections: number) =>
  Response.json({ code: 0, message: "", data: { server: "comet-1~k3", connections } });

/** As Deno has it. */
const notConnected = new TypeError("fetch failed", {
  cause: new Error("client error (Connect): Connection refused"),
});

const refusal = (status: number, message: string) =>
  Response.json({ code: status === 200 ? -404 : -status, message }, { status });

test("halley drain --comet asks for the run that it found, until that has ended", async () => {
  const counts = [5_000, 3_000, 3_000, 0];
  const { code, out, errors, asked } = await halley(
    "--target http://logic:3111 --comet comet-1",
    () => counts.length > 0 ? left(counts.shift()!) : refusal(200, "no comet"),
    "secret-1",
  );
  assert.equal(code, 0);
  assert.deepEqual(out, [
    "comet-1~k3: 5000 connections are left",
    "comet-1~k3: 3000 connections are left",
    "comet-1~k3: 0 connections are left",
    "comet-1~k3 has ended",
  ]);
  assert.deepEqual(errors, []);
  assert.deepEqual(asked.map(({ body }) => body), [
    '{"server":"comet-1"}',
    ...Array(4).fill('{"server":"comet-1~k3"}'),
  ]);
  assert.ok(
    asked.every(({ line, key }) =>
      line === "POST http://logic:3111/v1/drain" && key === "Bearer secret-1"
    ),
  );
});

test("halley drain goes on through faults, and gives up when nobody can tell", async () => {
  let asks = 0;
  const through = await halley("--target http://l/ --comet comet-1", () => {
    if (++asks === 1 || asks === 12) return left(2);
    return asks < 20 ? new Error("away") : refusal(200, "no comet");
  });
  assert.deepEqual([through.code, through.out.length], [0, 2]);
  asks = 0;
  const lost = await halley(
    "--target http://l/ --comet comet-1",
    () => ++asks === 1 ? left(2) : refusal(503, "this server stops"),
  );
  assert.equal(lost.code, 1);
  assert.ok(lost.tookMs >= 20_000 && lost.tookMs < 25_000, `${lost.tookMs}`);
  assert.deepEqual(lost.errors, [
    "halley drain: cannot tell what became of comet-1~k3: this server stops",
  ]);
});

for (const end of ["is away", "is another"]) {
  test(`halley drain of a process waits until what answers there ${end}`, async () => {
    let asks = 0;
    const { code, out, asked } = await halley("--target http://logic:3111", ({ line }) => {
      if (line.startsWith("POST")) return Response.json({ code: 0, message: "" });
      if (++asks < 4) return refusal(503, "not ready");
      return end === "is away" ? notConnected : Response.json({ code: 0 });
    });
    assert.equal(code, 0);
    assert.deepEqual(out, [
      "http://logic:3111/ takes no more calls",
      "http://logic:3111/ has ended",
    ]);
    assert.deepEqual([asked[0].body, asked.at(-1)!.line], [
      "{}",
      "GET http://logic:3111/readyz",
    ]);
    assert.equal(asked.length, 5);
  });
}

test("halley drain of a process goes on through silence, and gives up when that lasts", async () => {
  let asks = 0;
  const silent = new DOMException("timed out", "TimeoutError");
  const run = (last: Response | Error) =>
    halley("--target http://logic:3111", ({ line }) => {
      if (line.startsWith("POST")) return Response.json({ code: 0, message: "" });
      return ++asks < 15 ? silent : last;
    });
  const ended = await run(notConnected);
  assert.deepEqual([ended.code, ended.asked.length], [0, 16]);
  asks = 0;
  const lost = await run(silent);
  assert.equal(lost.code, 1);
  assert.ok(lost.tookMs >= 20_000 && lost.tookMs < 25_000, `${lost.tookMs}`);
  assert.deepEqual(lost.errors, [
    "halley drain: cannot tell what became of http://logic:3111/: it does not answer",
  ]);
});

test("halley drain says in one line why it could not ask, with what helps", async () => {
  const cases: (readonly [Response | Error, RegExp])[] = [
    [refusal(401, "API key is missing or wrong"), /wrong; HALLEY_API_KEY must have one$/],
    [refusal(403, "not of the scope"), /scope; the key in HALLEY_API_KEY needs the scope admin$/],
    [refusal(404, "no such call"), /call; --target must be the HTTP API of a logic, or of start$/],
    [refusal(503, "this server stops"), /stops; name another logic$/],
    [
      refusal(200, 'no comet is registered as "x"'),
      /^halley drain: no comet is registered as "x"$/,
    ],
    [new Error("refused"), /^halley drain: cannot ask http:\/\/l: refused$/],
    [notConnected, /^halley drain: cannot ask http:\/\/l: client error .* refused$/],
    [new Response("<html>", { status: 502 }), /it is no HTTP API of Halley, .* status 502$/],
  ];
  for (const [answer, line] of cases) {
    for (const flags of ["--target http://l", "--target http://l --comet x"]) {
      const copy = answer instanceof Error ? answer : answer.clone();
      const { code, out, errors } = await halley(flags, () => copy);
      assert.deepEqual([code, out, errors.length], [1, [], 1]);
      assert.match(errors[0], line);
    }
  }
});

test("halley drain says what is wrong with its command line, and what it does", async () => {
  const cases: (readonly [string, RegExp])[] = [
    ["--comet comet-1", /^--target: must be given: an http: or https: URL$/],
    ["--target logic:3111", /^--target.*must be an http: or https: URL/],
    ["--target http://l --wrong 1", /--wrong/],
    ["comet-1 --target http://l", /unexpected argument "comet-1"/],
  ];
  for (const [args, mistake] of cases) {
    const run = halley(args, () => new Error("not asked"));
    await assert.rejects(run, (error: ConfigError) => {
      assert.equal(error.mistakes.length, 1, error.message);
      assert.match(error.mistakes[0], mistake);
      return true;
    });
  }
  for (const args of ["", "--help", "--target http://l -h"]) {
    const { code, out, asked } = await halley(args, () => new Error("not asked"));
    assert.deepEqual([code, out, asked.length], [0, [drainHelp], 0]);
  }
});
