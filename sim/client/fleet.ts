import { type Clock, sleep } from "../../base/clock.ts";
import { type Prng, uuid } from "../../base/prng.ts";
import type { Child, Process, Streams } from "../../platform/port.ts";
import type { RpcLink } from "../../protocol/rpc/link.ts";
import { listenRpc, type RpcListener } from "../../protocol/rpc/listener.ts";
import { unknownMethod } from "../../protocol/rpc/methods.ts";
import type {
  ClientFleet,
  ConnectPlan,
  Deadline,
  FleetProgress,
  ReceiptTotals,
  RoomPushes,
  Share,
  SilentReport,
} from "../types.ts";
import { ClientMethod, fromJson, SIM_VARIABLE, toJson } from "./calls.ts";

/** How long client processes may take to come up, in milliseconds. */
const START_MS = 20_000;

/** How long a call may take, in milliseconds; connecting takes as long as its ramp on top. */
const CALL_MS = 120_000;

/** How a fleet is made. */
export interface FleetParts {
  readonly streams: Streams;
  /** Runs this program once more. */
  readonly spawn: Process["spawn"];
  readonly processes: number;
  /** Of this run's pushes. */
  readonly tag: number;
  readonly clock: Clock;
  readonly prng: Prng;
}

/** All virtual clients, spread over processes. */
export class Fleet implements ClientFleet {
  #children: Child[] = [];
  #links: RpcLink[] = [];
  #clients = 0;
  readonly #listener: RpcListener;

  private constructor(listener: RpcListener) {
    this.#listener = listener;
  }

  /** @throws {Error} When the processes do not come up. */
  static async start(parts: FleetParts): Promise<Fleet> {
    const { streams, spawn, processes, tag, clock, prng } = parts;
    const secret = uuid(prng);
    const listener = await listenRpc({
      streams,
      address: { hostname: "127.0.0.1", port: 0 },
      secret,
      clock,
      self: { role: "sim", id: "sim" },
      handler: {
        call: (_link, method) => {
          throw unknownMethod(method);
        },
      },
    });
    const fleet = new Fleet(listener);
    let ended: number | string | undefined;
    for (let index = 0; index < processes; index++) {
      const options = { port: listener.address.port, secret, index, tag };
      const env = { [SIM_VARIABLE]: JSON.stringify(options) };
      const child = spawn(["sim-clients"], env);
      fleet.#children.push(child);
      void child.ended.then((how) => ended = how);
    }
    const deadlineMs = clock.monotonicMs() + START_MS;
    for (; fleet.#links.length < processes; fleet.#links = [...listener.links()]) {
      const isLate = clock.monotonicMs() > deadlineMs;
      if (isLate || ended !== undefined) {
        await fleet.stop();
        const why = isLate ? "are not up within 20 s" : `ended with ${ended}`;
        throw new Error(`Cannot run: client processes ${why}`);
      }
      await sleep(clock, 10);
    }
    return fleet;
  }

  async connect(plan: Omit<ConnectPlan, "first" | "clients">, clients: number): Promise<void> {
    const count = this.#links.length;
    const rampPerS = plan.rampPerS / count;
    const shares = this.#links.map((_, index) =>
      Math.floor(clients * (index + 1) / count) - Math.floor(clients * index / count)
    );
    let first = this.#clients;
    this.#clients += clients;
    const deadlineMs = CALL_MS + 1_000 * clients / plan.rampPerS;
    await Promise.all(this.#links.map((link, index) => {
      const share = { ...plan, rampPerS, first, clients: shares[index] };
      first += shares[index];
      return link.call(ClientMethod.connect, toJson(share), deadlineMs);
    })).catch(cannotKeepUp);
  }

  async progress(): Promise<FleetProgress> {
    const all = await this.#call<FleetProgress>(ClientMethod.progress);
    const latencies = all.flatMap(({ latencies }) => latencies);
    const failures = all.flatMap(({ failures }) => failures);
    return { ...addedUp(all), latencies, failures };
  }

  async silence(whom: Share): Promise<number> {
    const counts = await this.#call<number>(ClientMethod.silence, whom);
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async stopReading(whom: Share): Promise<readonly number[]> {
    return (await this.#call<number[]>(ClientMethod.stopReading, whom)).flat();
  }

  async readAgain(): Promise<void> {
    await this.#call(ClientMethod.readAgain);
  }

  async leave(whom: Share): Promise<void> {
    await this.#call(ClientMethod.leave, whom);
  }

  async changeRooms(whom: Share): Promise<void> {
    await this.#call(ClientMethod.changeRooms, whom);
  }

  async storm(): Promise<void> {
    await this.#call(ClientMethod.storm);
  }

  async silentReport(deadline: Deadline): Promise<SilentReport> {
    const all = await this.#call<SilentReport>(ClientMethod.silentReport, deadline);
    return { ...addedUp(all), lastMs: Math.max(...all.map(({ lastMs }) => lastMs)) };
  }

  async finish(pushes: readonly RoomPushes[]): Promise<ReceiptTotals> {
    const all = await this.#call<ReceiptTotals>(ClientMethod.finish, pushes);
    return { ...addedUp(all), failures: all.flatMap(({ failures }) => failures) };
  }

  async disconnect(): Promise<void> {
    await this.#call(ClientMethod.disconnect);
  }

  async stop(): Promise<void> {
    await this.#listener.close();
    for (const child of this.#children) child.kill("SIGTERM");
    await Promise.all(this.#children.map(({ ended }) => ended));
  }

  /** Calls all processes at once. */
  async #call<Answer>(method: number, value?: unknown): Promise<Answer[]> {
    const body = toJson(value);
    const answers = await Promise.all(
      this.#links.map((link) => link.call(method, body, CALL_MS)),
    ).catch(cannotKeepUp);
    return answers.map((answer) => fromJson<Answer>(answer));
  }
}

/** A process that is alive answers, unless it has more to do than it can. */
function cannotKeepUp(error: Error): never {
  throw new Error(
    `Cannot run: a client process does not keep up (${error.message}); it needs more processors, ` +
      "or fewer --clients, or a lower --rate or --ramp",
  );
}

/** The numbers of some objects, added up. */
function addedUp<Value extends object>(values: readonly Value[]): Value {
  const sum = { ...values[0] } as Record<string, unknown>;
  for (const value of values.slice(1)) {
    for (const [name, number] of Object.entries(value)) {
      if (typeof number === "number") sum[name] = (sum[name] as number) + number;
    }
  }
  return sum as Value;
}
