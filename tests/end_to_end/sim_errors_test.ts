import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { roomDefaults } from "../../protocol/room_options.ts";
import { ApiFront } from "../support/api_front.ts";
import { runBeside } from "../support/beside.ts";
import { ErringProxy, type Errors } from "../support/erring_proxy.ts";
import { withServer } from "../support/server.ts";
import { failedChecks, jsonOf, runSim, type SimJson, type SimRun } from "../support/sim_process.ts";

/** Runs that go on at a time: each is three processes' work. */
const AT_A_TIME = 8;

/** What all counters are when nothing is wrong. */
const RIGHT = {
  lost: 0,
  duplicated: 0,
  reordered: 0,
  misdelivered: 0,
  heartbeats_missed: 0,
  lost_connections: 0,
} as const;

/** An error that is made on purpose, and what the simulator must find. */
interface Case {
  readonly title: string;
  readonly errors?: Errors;
  /** Which push the API refuses. */
  readonly refused?: number;
  /** On top of those of every run. */
  readonly args?: readonly string[];
  /** The checks that must fail, none that must hold. */
  readonly failed: readonly string[];
  /** What the failures say beside that, one for each error. */
  readonly described?: RegExp;
  /** Counters that are not as in {@linkcode RIGHT}. */
  readonly counters?: Readonly<Record<string, number>>;
}

const HEARTBEAT_MS = 1_000;
const beating = ["--heartbeat", `${HEARTBEAT_MS}ms`];

/** Clients 2, 36 and 38 fall silent; the first to beat is client 0. */
const heartbeat = ["--scenario", "heartbeat", "--clients", "40", "--seed", "10", ...beating];

/** At each of four steps some two clients leave, or change rooms. */
const churning = ["--scenario", "churn", "--clients", "100", "--duration", "4s", "--seed", "3"];

/** All clients are cut off in the middle, and come back with their places. */
const recovering = ["--scenario", "recovery", "--duration", "3s"];

/** A show in the same rooms. */
const showing = ["--scenario", "danmaku", "--room", "sim://0,sim://1"];

/** Rooms of the simulator that keep what clients come back for, and in which clients may write. */
const rooms = [{
  ...roomDefaults,
  type: "sim",
  historySize: 1_000,
  upstream: "publish" as const,
}];

const cases: readonly Case[] = [
  {
    title: "a client that is kept though it fell silent",
    errors: { mistake: "keepsSilent", spanMs: 1.5 * HEARTBEAT_MS },
    args: heartbeat,
    failed: ["silent clients are closed in time"],
    counters: { silent_clients: 3, silent_closed: 2, silent_early: 0, silent_late: 1 },
  },
  {
    title: "a client that is closed before its time though it fell silent",
    errors: { mistake: "closesEarly", spanMs: 1.5 * HEARTBEAT_MS },
    args: heartbeat,
    failed: ["silent clients are closed in time"],
    counters: { silent_clients: 3, silent_closed: 2, silent_early: 1, silent_late: 0 },
  },
  {
    title: "a client that is cut off though it beats, beside silent ones",
    errors: { mistake: "cutsOff" },
    args: heartbeat,
    failed: ["connections are kept"],
    counters: { lost_connections: 1, silent_clients: 3, silent_closed: 3 },
  },
  {
    title: "nothing when silent clients alone are closed",
    args: heartbeat,
    failed: [],
    counters: { silent_clients: 3, silent_closed: 3, silent_early: 0, silent_late: 0 },
  },
  {
    title: "a heartbeat that is answered late",
    errors: { mistake: "answersLate", spanMs: 1.7 * HEARTBEAT_MS },
    args: beating,
    failed: ["heartbeats are answered"],
    counters: { heartbeats_missed: 1 },
  },
  {
    title: "heartbeats of two clients that are not answered",
    errors: { mistake: "neverAnswers", times: 2 },
    args: beating,
    failed: ["heartbeats are answered"],
    counters: { heartbeats_missed: 2 },
  },
  {
    title: "a client that is turned away",
    errors: { mistake: "turnsAway" },
    failed: ["everyone gets in"],
  },
  {
    title: "a client that is not let in again",
    errors: { mistake: "turnsBack" },
    args: churning,
    failed: ["everyone comes back"],
  },
  {
    title: "a change of rooms that comes to nothing",
    errors: { mistake: "ignoresMove" },
    args: churning,
    failed: ["online counts are right", "rooms are changed"],
  },
  {
    title: "a client that the server does not count right",
    errors: { mistake: "addsOne" },
    failed: ["online counts are right"],
  },
  {
    title: "a connection that is left over",
    errors: { mistake: "forgetsToClose" },
    failed: ["nothing is left over"],
  },
  {
    title: "one push that is lost",
    errors: { mistake: "loses" },
    failed: ["nothing is lost"],
    described: /^client \d+ misses 1 pushes of room [01]$/,
    counters: { lost: 1 },
  },
  {
    title: "the very first push, lost to three clients",
    errors: { mistake: "loses", at: 1, times: 3 },
    failed: ["nothing is lost"],
    described: /^client \d+ misses 1 pushes of room [01]$/,
    counters: { lost: 3 },
  },
  {
    title: "one push that comes twice",
    errors: { mistake: "doubles" },
    failed: ["nothing is doubled"],
    described: /^client \d+ got push 3 again$/,
    counters: { duplicated: 1 },
  },
  {
    title: "two pushes in the wrong order",
    errors: { mistake: "swaps" },
    failed: ["order is kept"],
    described: /^client \d+ got push 3 after later ones$/,
    counters: { reordered: 1 },
  },
  {
    title: "the first two pushes in the wrong order, for two clients",
    errors: { mistake: "swaps", at: 1, times: 2 },
    failed: ["order is kept"],
    described: /^client \d+ got push 1 after later ones$/,
    counters: { reordered: 2 },
  },
  {
    title: "a push that goes to a client of another room as well",
    errors: { mistake: "misdelivers" },
    failed: ["nobody gets what is not theirs"],
    described: /^client \d+ got a push that is not for it$/,
    counters: { misdelivered: 1 },
  },
  {
    title: "a push that is not accepted",
    refused: 5,
    failed: ["pushes are accepted"],
  },
  {
    title: "one offset that a client with a cursor does not get",
    errors: { mistake: "loses" },
    args: recovering,
    failed: ["no gap is kept quiet"],
    described: /^client \d+ in room [01] misses 1 messages without a word$/,
    counters: { lost: 1 },
  },
  {
    title: "one offset that a client with a cursor gets twice",
    errors: { mistake: "doubles" },
    args: recovering,
    failed: ["no offset comes twice"],
    described: /^client \d+ in room [01] got offset \d+ again$/,
    counters: { duplicated: 1 },
  },
  {
    title: "one message of a show that a viewer does not get",
    errors: { mistake: "loses" },
    args: showing,
    failed: ["no gap is kept quiet"],
    described: /^client \d+ in room [01] misses 1 messages without a word$/,
    counters: { lost: 1 },
  },
  {
    title: "one message of a show that comes though its author was refused",
    errors: { mistake: "refuses" },
    args: showing,
    failed: ["what is refused does not come"],
    described: /^message \d+ was refused, and came at offset \d+ of room [01]$/,
  },
  { title: "nothing when nothing is wrong", failed: [] },
];

/** Runs the simulator against a server of its own, with what errs in between. */
async function drive({ errors, refused, args = [] }: Case): Promise<SimRun> {
  const isBeating = args.includes("--heartbeat");
  const heartbeatIntervalMs = isBeating ? HEARTBEAT_MS : 30_000;
  let run: SimRun | undefined;
  await withServer({ heartbeatIntervalMs, heartbeatsMax: 2, rooms }, async (server) => {
    const proxy = await ErringProxy.start(server.tcpPort, errors);
    const front = await ApiFront.start(server.httpUrl, refused);
    try {
      run = await runSim([
        ...["--target", `tcp://127.0.0.1:${proxy.port}`, "--api", front.url, "--json"],
        ...["--clients", "20", "--rooms", "2", "--rate", "20", "--duration", "2s"],
        ...["--transport", "tcp", "--workers", "1", ...args],
      ]);
      assert.equal(proxy.erred, errors === undefined ? 0 : errors.times ?? 1, run.stderr);
    } finally {
      await proxy.stop();
      await front.stop();
    }
  });
  return run!;
}

function check(one: Case, run: SimRun, found: SimJson): void {
  const { failed, described, counters, errors } = one;
  assert.deepEqual(failedChecks(found), failed, `${found.failures}`);
  const descriptions = found.failures.slice(failed.length);
  assert.equal(descriptions.length, described === undefined ? 0 : errors!.times ?? 1);
  for (const text of descriptions) assert.match(text, described!);
  const wanted = { ...RIGHT, ...counters };
  const counted = Object.fromEntries(Object.keys(wanted).map((name) => [name, found[name]]));
  assert.deepEqual(counted, wanted);
  assert.equal(found.ok, failed.length === 0);
  assert.equal(run.code, failed.length === 0 ? 0 : 1, run.stderr);
}

describe("halley sim finds, and finds alone", () => {
  let runs: Map<Case, Promise<SimRun>>;
  before(() => {
    runs = runBeside(cases, AT_A_TIME, drive);
  });

  for (const one of cases) {
    it(one.title, { timeout: 120_000 }, async () => {
      const run = await runs.get(one)!;
      check(one, run, jsonOf(run));
    });
  }
});
