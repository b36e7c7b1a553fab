import process from "node:process";
import { preciseClock } from "../../platform/system_clock.ts";
import { systemPrng } from "../../base/prng.ts";
import type { Platform } from "../../platform/port.ts";
import { RpcDialer } from "../../rpc/dialer.ts";
import { unknownMethod } from "../../protocol/cluster/calls.ts";
import type { ClientSelection, ConnectPlan, Deadline, FleetProgress } from "../types.ts";
import {
  ClientMethod,
  type ClientProcessOptions,
  fromJson,
  SIM_VARIABLE,
  toJson,
  unpackPushes,
} from "./calls.ts";
import { parentGone } from "../../platform/parent.ts";
import { Population } from "./population.ts";

function progressOf(population: Population): FleetProgress {
  const latencies = population.latencies.buckets();
  population.latencies.clear();
  const { user, system } = process.cpuUsage();
  return {
    authenticated: population.authenticatedCount,
    retries: population.connector.retries,
    lostConnections: population.lostConnections,
    slowClosed: population.slowClosed,
    received: population.received,
    heartbeatsSent: population.heartbeats.sent,
    heartbeatsMissed: population.heartbeats.missed,
    moves: population.moves.asked,
    movesMissed: population.moves.missed,
    stallMs: population.stall.longestMs,
    latencies,
    failures: population.failures,
    cpuS: (user + system) / 1e6,
  };
}

/** Does what the parent asks for. */
async function answer(
  population: Population,
  method: number,
  body: Uint8Array,
): Promise<unknown> {
  switch (method) {
    case ClientMethod.connect:
      return await population.connect(fromJson<ConnectPlan>(body));
    case ClientMethod.progress:
      return progressOf(population);
    case ClientMethod.silence:
      return population.silence(fromJson<ClientSelection>(body));
    case ClientMethod.stopReading:
      return population.stopReading(fromJson<ClientSelection>(body));
    case ClientMethod.resumeReading:
      return population.resumeReading();
    case ClientMethod.leave:
      return await population.leave(fromJson<ClientSelection>(body));
    case ClientMethod.changeRooms:
      return population.changeRooms(fromJson<ClientSelection>(body));
    case ClientMethod.storm:
      return await population.storm();
    case ClientMethod.reconnect:
      return await population.reconnect();
    case ClientMethod.answered:
      return await population.answered();
    case ClientMethod.members:
      return population.members();
    case ClientMethod.silentReport:
      return population.silentReport(fromJson<Deadline>(body));
    case ClientMethod.finish:
      return population.receipts.totals(unpackPushes(fromJson(body)));
    case ClientMethod.disconnect:
      return population.disconnect();
  }
  throw unknownMethod(method);
}

/** A process of virtual clients: does what its parent asks for, and ends with it. */
export async function runClientProcess(platform: Platform): Promise<void> {
  const options: ClientProcessOptions = JSON.parse(platform.process.env[SIM_VARIABLE]!);
  const population = new Population(platform.streams, preciseClock, options.tag);
  await new Promise<void>((resolve) => {
    const dialer = new RpcDialer({
      streams: platform.streams,
      address: { hostname: "127.0.0.1", port: options.port },
      secret: options.secret,
      clock: preciseClock,
      prng: systemPrng(),
      self: { role: "clients", id: String(options.index) },
      handler: {
        call: async (_link, method, body) => toJson(await answer(population, method, body)),
        closed: () => resolve(),
      },
    });
    platform.process.onSignal("SIGTERM", () => resolve());
    // A terminal's signals reach this process as well: its parent decides.
    for (const signal of ["SIGHUP", "SIGINT", "SIGQUIT"] as const) {
      platform.process.onSignal(signal, () => {});
    }
    void parentGone(options.parent, preciseClock).then(resolve);
    dialer.start();
  });
  platform.process.exit(0);
}
