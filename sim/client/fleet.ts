import process from "node:process";
import { sleep } from "../../base/clock.ts";
import { systemPrng, uuid } from "../../base/prng.ts";
import type { Child, Process, Streams } from "../../platform/port.ts";
import { preciseClock } from "../../platform/system_clock.ts";
import type { StreamPosition } from "../../protocol/history.ts";
import { unknownMethod } from "../../protocol/cluster/calls.ts";
import { RpcError } from "../../protocol/rpc.ts";
import type { RpcLink } from "../../rpc/link.ts";
import { listenRpc, type RpcListener } from "../../rpc/listener.ts";
import { Histogram } from "../checkers/histogram.ts";
import { mergePublished } from "../checkers/published.ts";
import { packPushes } from "../checkers/push_body.ts";
import { endChild } from "../server_process.ts";
import type { Published, PublishedTotals } from "../show/types.ts";
import type {
  ConnectPlan,
  CursorTotals,
  Deadline,
  FleetProgress,
  LoggedPushes,
  ReceiptTotals,
  RoomPushes,
  SilentReport,
} from "../types.ts";
import {
  type ClientProcessOptions,
  COMMAND,
  fromJson,
  SILENT_MS,
  SIM_VARIABLE,
  toJson,
} from "./process.ts";
import type { Answer, Argument, Command } from "./commands.ts";

/** How long client processes may take to come up, in milliseconds. */
const START_MS = 20_000;

/** How long a call may take, in milliseconds; connecting takes as long as its ramp on top. */
const CALL_MS = 120_000;

/** How long after its link a process may go, in milliseconds. */
const GONE_MS = 2_000;

interface FleetDependencies {
  readonly streams: Streams;
  /** Runs this program once more. */
  readonly spawn: Process["spawn"];
  readonly processes: number;
  /** Of this run's pushes or messages. */
  readonly tag: number;
  /** Whether the clients watch a show, and write. */
  readonly isShow: boolean;
}

/** All virtual clients, spread over processes. */
export class Fleet {
  #children: Child[] = [];
  #links: RpcLink[] = [];
  #clients = 0;
  /** How a process of clients ended that was not to. */
  #ended: number | string | undefined;

  /** @param tag Of this run's pushes or messages. */
  private constructor(private readonly listener: RpcListener, readonly tag: number) {}

  /** @throws {Error} When the processes do not come up. */
  static async start(parts: FleetDependencies): Promise<Fleet> {
    const { streams, spawn, processes, tag, isShow } = parts;
    const secret = uuid(systemPrng());
    const listener = await listenRpc({
      streams,
      address: { hostname: "127.0.0.1", port: 0 },
      secret,
      clock: preciseClock,
      self: { role: "sim", id: "sim" },
      silentMs: SILENT_MS,
      handler: {
        call: (_link, method) => {
          throw unknownMethod(method);
        },
      },
    });
    const fleet = new Fleet(listener, tag);
    for (let index = 0; index < processes; index++) {
      const { port } = listener.address;
      const own = { port, secret, index, tag, isShow };
      const options: ClientProcessOptions = { parent: process.pid, ...own };
      const env = { [SIM_VARIABLE]: JSON.stringify(options) };
      const child = spawn(["sim-clients"], env);
      fleet.#children.push(child);
      void child.ended.then((how) => fleet.#ended ??= how);
    }
    const deadlineMs = preciseClock.monotonicMs() + START_MS;
    for (; fleet.#links.length < processes; fleet.#links = [...listener.links()]) {
      const isLate = preciseClock.monotonicMs() > deadlineMs;
      if (isLate || fleet.#ended !== undefined) {
        const ended = fleet.#ended;
        await fleet.stop();
        const why = ended === undefined ? "are not up within 20 s" : `ended with ${ended}`;
        throw new Error(`Cannot run: client processes ${why}`);
      }
      await sleep(preciseClock, 10);
    }
    return fleet;
  }

  /** Connects clients; settles when all are authenticated or have given up. */
  async connect(plan: Omit<ConnectPlan, "first" | "clients">, clients: number): Promise<void> {
    const count = this.#links.length;
    const earlier = this.#clients;
    this.#clients += clients;
    const before = (index: number) => Math.floor(clients * index / count);
    await this.#call(CALL_MS + 1_000 * clients / plan.rampPerS, "connect", (index) => ({
      ...plan,
      rampPerS: plan.rampPerS / count,
      first: earlier + before(index),
      clients: before(index + 1) - before(index),
    }));
  }

  /** Has every process do something; answers in the order of the processes. */
  all<Name extends Command>(
    command: Name,
    ...[argument]: Argument<Name> extends undefined ? [] : [argument: Argument<Name>]
  ): Promise<Answer<Name>[]> {
    return this.#call(CALL_MS, command, () => argument);
  }

  async progress(): Promise<FleetProgress> {
    const all = await this.all("progress");
    return { ...addedUp(all), stallMs: Math.max(...all.map(({ stallMs }) => stallMs)) };
  }

  /** How many clients are in each room, by its index. */
  async members(): Promise<readonly number[]> {
    const [sums, ...others] = await this.all("members");
    for (const members of others) members.forEach((count, room) => sums[room] += count);
    return sums;
  }

  async silentReport(deadline: Deadline): Promise<SilentReport> {
    const all = await this.all("silentReport", deadline);
    return { ...addedUp(all), lastMs: Math.max(...all.map(({ lastMs }) => lastMs)) };
  }

  /** How many are live, and how long it took those that were cut off. */
  async recovery(): Promise<{ readonly live: number; readonly times: Histogram }> {
    const { live, times } = addedUp(await this.all("recovery"));
    const histogram = new Histogram();
    for (const [bucket, count] of times) histogram.addBucket(bucket, count);
    return { live, times: histogram };
  }

  /** What the receipts say, given what was pushed. */
  async finish(pushes: readonly RoomPushes[]): Promise<ReceiptTotals> {
    return addedUp(await this.all("totals", packPushes(pushes)));
  }

  /** What the cursors say, given what was pushed. */
  async cursorTotals(pushes: readonly LoggedPushes[]): Promise<CursorTotals> {
    return addedUp(await this.all("cursorTotals", packPushes(pushes)));
  }

  /** What has become of the messages that clients have written so far. */
  async published(): Promise<Published> {
    return mergePublished(await this.all("published"));
  }

  /** What clients say of the messages of all. */
  async publishedTotals({ accepted, refused }: Published): Promise<PublishedTotals> {
    return addedUp(await this.all("publishedTotals", { accepted, refused }));
  }

  /** What the cursors say, given how far rooms had got at least. */
  async showTotals(heads: readonly (StreamPosition | undefined)[]): Promise<CursorTotals> {
    return addedUp(await this.all("showTotals", heads.map((head) => head ?? null)));
  }

  async stop(): Promise<void> {
    await this.listener.close();
    await Promise.all(this.#children.map((child) => endChild(child)));
  }

  /** @param argumentOf What each process is to do it with. */
  async #call<Name extends Command>(
    timeoutMs: number,
    command: Name,
    argumentOf: (index: number) => unknown,
  ): Promise<Answer<Name>[]> {
    const calls = this.#links.map((link, index) =>
      link.call(COMMAND, toJson([command, argumentOf(index)]), timeoutMs)
    );
    const answers = await Promise.all(calls).catch((error) => this.#explain(error));
    return answers.map((answer) => fromJson<Answer<Name>>(answer));
  }

  async #explain(error: Error): Promise<never> {
    if (error instanceof RpcError && error.code === "lost") {
      // A process that is killed loses its link a moment before it has gone.
      await Promise.race([
        sleep(preciseClock, GONE_MS),
        ...this.#children.map(({ ended }) => ended),
      ]);
    }
    if (this.#ended !== undefined) {
      throw new Error(`Cannot run: a client process ended with ${this.#ended}`);
    }
    if (!(error instanceof RpcError) || error.code !== "timeout") throw error;
    throw new Error(
      `Cannot run: a client process does not keep up (${error.message}); it needs more ` +
        "processors, or fewer --clients, or a lower --rate or --ramp",
    );
  }
}

/** Some objects of the same members: their numbers added up, their lists one after the other. */
function addedUp<Value extends object>(values: readonly Value[]): Value {
  const both = (one: unknown, other: unknown) =>
    Array.isArray(one) ? one.concat(other) : (one as number) + (other as number);
  return values.reduce((sum, value) => {
    const entries = Object.entries(value);
    const added = entries.map(([name, member]) => [name, both(sum[name as keyof Value], member)]);
    return Object.fromEntries(added);
  });
}
