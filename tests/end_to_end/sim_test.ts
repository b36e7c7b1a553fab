import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { type ScenarioName, scenarioTexts } from "../../sim/scenario_names.ts";
import { ApiFront } from "../support/api_front.ts";
import { runBeside } from "../support/beside.ts";
import { type Doings, ErringProxy } from "../support/erring_proxy.ts";
import { childrenOf, isRunning } from "../support/processes.ts";
import { within } from "../support/raw_client.ts";
import { freePort } from "../support/free_port.ts";
import { withServer } from "../support/server.ts";
import { failedChecks, jsonOf, runSim, type SimRun, startSim } from "../support/sim_process.ts";

/** For tests that wait for whole runs. */
const slowly = { timeout: 120_000 };

/** Looks again and again until something holds. */
function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const look = async () => {
    while (!await holds()) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  return within(what, look());
}

/** The lines of what a run said on standard error. */
function said({ stderr }: SimRun): string[] {
  return stderr.trimEnd().split("\n");
}

/** What each run with a server of its own is like. */
const small = ["--clients", "60", "--rooms", "4", "--duration", "3s", "--heartbeat", "1s"];

/** Runs of each of the two kinds that go on at a time. */
const AT_A_TIME = 2;

/** All that can be run on a server of one's own; the other is in `tests/faults/rolling_restart_test.ts`. */
const names = (Object.keys(scenarioTexts) as ScenarioName[]).filter((name) => name !== "rolling");

/** Workloads that are compared: two of the same seed, and another. */
const seeds = ["churn", "heartbeat"].flatMap((scenario) =>
  ["5", "5 again", "10"].map((seed) => `${scenario} ${seed}`)
);

/** Runs with a server of their own, and workloads: all begin before the first test. */
let ownRuns: Map<ScenarioName, Promise<SimRun>>;
let workloads: Map<string, Promise<Workload>>;

describe("halley sim that is used wrongly", () => {
  before(() => {
    // The last takes longest of all.
    ownRuns = runBeside(
      names.toReversed(),
      AT_A_TIME,
      (name) => runSim(["--scenario", name, "--json", "--seed", "5", ...small]),
    );
    workloads = runBeside(seeds, AT_A_TIME, (one) => {
      const [scenario, seed] = one.split(" ");
      return workloadOf(scenario, Number(seed));
    });
  });

  it("ends with 2 and names every mistake on a line of its own", async () => {
    const args = "--scenario nope --rate x --target tcp://127.0.0.1:1 --fast 3 extra".split(" ");
    const run = await runSim(args);
    assert.equal(run.code, 2);
    assert.equal(run.stdout, "");
    const names = ["nope", '--rate = "x"', "--api", "--fast", '"extra"'];
    assert.equal(said(run).length, names.length, run.stderr);
    for (const name of names) {
      assert.equal(
        said(run).filter((line) => line.includes(name)).length,
        1,
        `${name} in:\n${run.stderr}`,
      );
    }
    for (const line of said(run)) assert.match(line, /^halley sim: /);
  });
});

describe("halley sim that cannot run", () => {
  it("ends with 3 within seconds when nobody answers at the API", async () => {
    const [tcp, http] = [await freePort(), await freePort()];
    const target = ["--target", `tcp://127.0.0.1:${tcp}`, "--api", `http://127.0.0.1:${http}`];
    const run = await runSim([...target, "--json"]);
    assert.equal(run.code, 3);
    assert.equal(run.stdout, "");
    assert.match(said(run).at(-1)!, /^halley sim: Cannot run: no answer from the API at http:/);
    assert.ok(run.elapsedMs < 15_000, `${run.elapsedMs} ms`);
  });

  it(
    "ends with 3 within seconds when nobody listens where clients are to connect",
    slowly,
    () =>
      withServer({}, async ({ httpUrl }) => {
        const target = ["--target", `tcp://127.0.0.1:${await freePort()}`, "--api", httpUrl];
        const run = await runSim([...target, "--json", "--clients", "20"]);
        assert.equal(run.code, 3);
        assert.equal(run.stdout, "");
        const last = said(run).at(-1)!;
        assert.match(last, /^halley sim: Cannot run: no client gets in: .*127\.0\.0\.1:\d+/);
        assert.ok(run.elapsedMs < 15_000, `${run.elapsedMs} ms`);
      }),
  );

  it("ends with 3 before it begins when the page cannot be written", async () => {
    const run = await runSim(["--html", join(tmpdir(), "no such folder", "page.html"), "--json"]);
    assert.equal(run.code, 3);
    assert.equal(run.stdout, "");
    assert.equal(said(run).length, 1, run.stderr);
    assert.match(run.stderr, /^halley sim: .*page\.html/);
  });
});

/** What tells one workload from another. */
interface Workload {
  /** By client, what it did beside beating. */
  readonly doings: ReadonlyMap<string, Doings>;
  /** By room, its pushes: all but when each was due. */
  readonly pushes: ReadonlyMap<string, readonly string[]>;
}

/** Runs a scenario against a server, and writes down what the server sees of it. */
async function workloadOf(scenario: string, seed: number): Promise<Workload> {
  const doings = new Map<string, Doings>();
  const pushes = new Map<string, string[]>();
  await withServer({ heartbeatIntervalMs: 1_000, heartbeatsMax: 2 }, async (server) => {
    const proxy = await ErringProxy.start(server.tcpPort);
    const front = await ApiFront.start(server.httpUrl);
    try {
      const run = await runSim([
        ...["--scenario", scenario, "--seed", String(seed), "--heartbeat", "1s", "--json"],
        ...["--target", `tcp://127.0.0.1:${proxy.port}`, "--api", front.url, "--transport", "tcp"],
        ...[
          "--clients",
          "80",
          "--rooms",
          "3",
          "--rate",
          "20",
          "--duration",
          "4s",
          "--workers",
          "2",
        ],
      ]);
      assert.equal(run.code, 0, run.stderr + run.stdout);
    } finally {
      await proxy.stop();
      await front.stop();
    }
    for (const [key, all] of proxy.doings) {
      doings.set(key, all.filter((doing) => doing !== "beat"));
    }
    for (const { query, body } of front.pushes) {
      if (!pushes.has(query)) pushes.set(query, []);
      pushes.get(query)!.push(body.toString("hex", 0, 16) + body.toString("hex", 24));
    }
  });
  return { doings, pushes };
}

/** How many clients did something else than enter and leave. */
function outOfTheOrdinary({ doings }: Workload): number {
  return [...doings.values()].filter((all) => all.length !== 2 || all[1] !== "leave").length;
}

/** The same pushes, as far as both go: when a run ends is not to the millisecond. */
function assertSamePushes(a: Workload, b: Workload): void {
  assert.deepEqual([...a.pushes.keys()].sort(), [...b.pushes.keys()].sort());
  for (const [room, ofA] of a.pushes) {
    const ofB = b.pushes.get(room)!;
    const count = Math.min(ofA.length, ofB.length);
    assert.ok(count >= 20, `${room} was pushed to ${count} times`);
    assert.deepEqual(ofA.slice(0, count), ofB.slice(0, count));
  }
}

describe("the seed of halley sim", () => {
  const all = (scenario: string) =>
    Promise.all(seeds.filter((one) => one.startsWith(scenario)).map((one) => workloads.get(one)!));

  it("decides who leaves and who changes rooms, and what is pushed", slowly, async () => {
    const [first, same, other] = await all("churn");
    assert.equal(first.doings.size, 80);
    assert.ok(outOfTheOrdinary(first) >= 2, `${outOfTheOrdinary(first)} clients did anything`);
    assert.deepEqual(new Map([...first.doings].sort()), new Map([...same.doings].sort()));
    assertSamePushes(first, same);
    assert.notDeepEqual(
      new Map([...first.doings].sort()),
      new Map([...other.doings].sort()),
    );
    const [[room, pushes]] = first.pushes;
    assert.notEqual(pushes[0], other.pushes.get(room)![0]);
  });

  it("decides who falls silent", slowly, async () => {
    const [first, same, other] = (await all("heartbeat")).map(({ doings }) =>
      [...doings].filter(([, all]) => all.includes("closed")).map(([key]) => key).sort()
    );
    assert.ok(first.length >= 2, `${first}`);
    assert.deepEqual(first, same);
    assert.notDeepEqual(first, other);
  });
});

/** Keys of the JSON line that others rely on. */
const KEYS = [
  ...["seed", "scenario", "clients", "expected", "received"],
  ...["lost", "duplicated", "reordered", "misdelivered"],
  ...["heartbeats_sent", "heartbeats_missed", "latency_ms", "server", "failures", "ok"],
];

/** A run of which a process was killed once its clients were in. */
async function killedDuring(what: string): Promise<SimRun> {
  const sim = startSim([...small, "--duration", "60s", "--json"]);
  const named = async () => {
    for (const child of await childrenOf(sim.pid)) {
      const line = await readFile(`/proc/${child}/cmdline`, "utf8").catch(() => "");
      if (line.includes(what)) return child;
    }
  };
  await until("the clients are in", () => Promise.resolve(sim.stderr().includes("\nfanout")));
  process.kill((await named())!, "SIGKILL");
  return await sim.ended;
}

/** A run that writes a page. */
async function runWithPage(): Promise<{ run: SimRun; page: string }> {
  const folder = await mkdtemp(join(tmpdir(), "halley-sim-"));
  try {
    const html = join(folder, "page.html");
    const args = ["--clients", "10", "--duration", "1s", "--rate", "5", "--html", html];
    const run = await runSim(args);
    return { run, page: await readFile(html, "utf8") };
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe("halley sim with a server of its own", () => {
  let withPage: Promise<{ run: SimRun; page: string }>;
  let unasked: Promise<SimRun>;
  before(() => {
    withPage = runWithPage();
    const env = { HALLEY_API_KEY: "a secret of somebody else", HALLEY_CONNECTIONS_MAX: "3" };
    unasked = runSim(["--clients", "10", "--duration", "1s", "--json"], env);
    for (const run of [withPage, unasked]) run.catch(() => {});
  });

  for (const name of names) {
    it(`holds all checks in the scenario ${name}, over TCP and WebSocket`, slowly, async () => {
      const run = await ownRuns.get(name)!;
      const found = jsonOf(run);
      assert.deepEqual(failedChecks(found), [], run.stdout);
      assert.equal(run.code, 0, run.stderr);
      for (const key of KEYS) assert.ok(key in found, `${key} is missing`);
      assert.deepEqual([found.seed, found.scenario, found.clients], [5, name, 60]);
      assert.equal(found.ok, true);
      if (name !== "heartbeat") assert.ok(Number(found.expected) > 500, run.stdout);
      if (name === "heartbeat") assert.ok(Number(found.silent_closed) >= 2, run.stdout);
      if (name === "capacity") assert.equal(found.capacity_clients, 60);
    });
  }

  it("says where a show can be watched, and what became of its messages", slowly, async () => {
    const run = await ownRuns.get("danmaku")!;
    assert.match(run.stderr, /^watch it at http:\/\/127\.0\.0\.1:\d+\/demo\?room=demo%3A%2F%2F1$/m);
    const { sent, taken, refused, refused_by_reason } = jsonOf(run).messages as unknown as {
      readonly [name: string]: number;
    } & { readonly refused_by_reason: Readonly<Record<string, number>> };
    assert.ok(taken > 50 && refused > 5 && taken + refused === sent, run.stdout);
    assert.ok(refused_by_reason["too many messages of this connection"] > 5, run.stdout);
  });

  it("says its seed and options before anything else", slowly, async () => {
    const [first] = said(await ownRuns.get("fanout")!);
    const options = "--scenario fanout,--clients 60,--rooms 4,--rate 40,--size 100," +
      "--heartbeat 1s,--duration 3s,--seed 5";
    for (const text of options.split(",")) {
      assert.ok(first.includes(text), `no ${text} in ${first}`);
    }
    assert.ok(first.includes("--transport tcp,ws"), first);
  });

  it("has figures of the server and latencies in its JSON", slowly, async () => {
    const { latency_ms, server } = jsonOf(await ownRuns.get("fanout")!) as unknown as {
      latency_ms: Record<string, number>;
      server: Record<string, number>;
    };
    assert.deepEqual(Object.keys(latency_ms), ["p50", "p99", "max"]);
    assert.ok(0 < latency_ms.p50 && latency_ms.p50 <= latency_ms.p99, JSON.stringify(latency_ms));
    assert.ok(latency_ms.p99 <= latency_ms.max, JSON.stringify(latency_ms));
    assert.deepEqual(Object.keys(server), ["cpu_s", "rss_bytes", "rss_per_client_bytes"]);
    assert.ok(server.cpu_s > 0 && server.rss_bytes > 2 ** 24, JSON.stringify(server));
  });

  it("says in words what it found, and writes a page, when asked to", slowly, async () => {
    const { run, page } = await withPage;
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, /fanout, 10 clients, seed 1, \d+ s: everything that was checked/);
    assert.match(page, /^<!doctype html>/i);
  });

  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    it(`takes its server and its clients with it when it ends by ${signal}`, slowly, async () => {
      const sim = startSim(["--clients", "10", "--duration", "60s"]);
      let children: number[] = [];
      try {
        await until("its server and its clients", async () => {
          children = await childrenOf(sim.pid);
          return children.length === 2;
        });
        process.kill(sim.pid, signal);
        await within("the end of the simulator", sim.exited);
        await until("the end of its server and its clients", async () => {
          const running = await Promise.all(children.map(isRunning));
          return !running.includes(true);
        });
      } finally {
        for (const child of children) if (await isRunning(child)) process.kill(child, "SIGKILL");
        await sim.ended;
      }
    });
  }

  it("ends with 3 and says so when a process of clients is killed", slowly, async () => {
    const run = await killedDuring("sim-clients");
    assert.equal(run.code, 3);
    assert.equal(
      said(run).at(-1),
      "halley sim: Cannot run: a client process ended with SIGKILL",
    );
    assert.equal(run.stdout, "");
    assert.ok(run.elapsedMs < 15_000, `${run.elapsedMs} ms`);
  });

  it("ends with 1 and says what it found when its server is killed", slowly, async () => {
    const run = await killedDuring("sim-server");
    assert.equal(run.code, 1, run.stderr);
    const found = jsonOf(run);
    assert.ok(found.failures.includes("the server answers: the server ended with SIGKILL"));
    assert.equal(found.clients, 60);
    assert.ok(run.elapsedMs < 30_000, `${run.elapsedMs} ms`);
  });

  it("asks nobody else what its server is to be like", slowly, async () => {
    const run = await unasked;
    assert.equal(run.code, 0, run.stderr);
  });
});
