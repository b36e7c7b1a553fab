import { getLogger } from "@logtape/logtape";
import { systemClock } from "../../platform/system_clock.ts";
import { systemPrng } from "../../base/prng.ts";
import { RunningClock } from "../../base/running_clock.ts";
import type { Drivers } from "../../drivers/open.ts";
import { Logic } from "../../logic/logic.ts";
import { CometLinks } from "../../logic/rpc/comet_links.ts";
import type { Platform } from "../../platform/port.ts";
import type { HttpServer } from "../../protocol/http/server.ts";
import { DIRECTORY_MS } from "../../protocol/cluster/comet_calls.ts";
import { RpcCounters } from "../../rpc/counters.ts";
import { listenRpc, type RpcListener } from "../../rpc/listener.ts";
import { formatAddress, parseRpcAddress } from "../../options/address.ts";
import type { Config } from "../config/schema.ts";
import { Metrics } from "../metrics.ts";
import { version } from "../version.ts";
import { addLogic, addProcess, addPushLog, addRpc, addStores } from "./role_metrics.ts";
import { openApi } from "./http.ts";
import { access, logicOptions, newRunId } from "./wiring.ts";
import { NOT_LISTENING, type Running } from "./running.ts";
import { openStore, StoreProbe } from "./store.ts";

const log = getLogger(["halley"]);

/** Where logic listens for comets where nothing else is said. */
export const LOGIC_RPC = "127.0.0.1:3119";

/** Comets wait a little longer than a job's view of them may be old. */
const OPEN_AFTER_MS = DIRECTORY_MS + 100;

/** The role that faces back ends, in a process of its own. */
export class LogicRole {
  readonly #clock = systemClock;
  readonly #running = new RunningClock(systemClock);
  readonly #prng = systemPrng();
  readonly #links = new CometLinks(this.#clock);
  readonly #counters = new RpcCounters();
  #drivers: Drivers | undefined;
  #rpc: RpcListener | undefined;
  #http: HttpServer | undefined;
  #ready = false;
  #closed: Promise<void> | undefined;

  constructor(private readonly config: Config, private readonly platform: Platform) {}

  async open(): Promise<Running> {
    const { config, platform } = this;
    const clock = this.#clock;
    const prng = this.#prng;
    const id = newRunId(config.serverId, clock, prng);
    const { runtime } = platform.process;
    log.info("halley logic starts", { version, runtime, id });
    const drivers = await openStore(
      config,
      clock,
      this.#running,
      prng,
      () => this.#closed === undefined,
    );
    this.#drivers = drivers;
    const logic = new Logic({
      ...drivers,
      comets: this.#links,
      clock,
      options: logicOptions(config, OPEN_AFTER_MS),
    });
    this.#links.serve(logic);
    this.#rpc = await listenRpc({
      streams: platform.streams,
      address: parseRpcAddress(config.rpc || LOGIC_RPC)!,
      secret: config.clusterSecret,
      clock: this.#running,
      self: { role: "logic", id },
      handler: this.#links,
      counters: this.#counters,
    });
    const probe = new StoreProbe(drivers, clock, true);
    const metrics = this.#metrics(logic, drivers);
    this.#http = await openApi(
      { config, platform, running: this.#running, metrics },
      logic,
      () => this.#ready ? probe.problem() : NOT_LISTENING,
    );
    this.#ready = true;
    log.info("listening", {
      http: `http://${formatAddress(this.#http.address)}`,
      rpc: formatAddress(this.#rpc.address),
      access: access(config, this.#http.address),
    });
    return { close: () => this.close() };
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** Comets first: they go on with another logic while the calls under way end. */
  async #close(): Promise<void> {
    this.#ready = false;
    await this.#rpc?.close();
    await this.#http?.close();
    await this.#drivers?.close();
    this.#running.stop();
    log.info("stopped");
  }

  #metrics(logic: Logic, { pushLog, stores }: Drivers): Metrics {
    const metrics = new Metrics();
    addLogic(metrics, logic);
    addPushLog(metrics, pushLog);
    addStores(metrics, stores);
    addRpc(metrics, this.#counters);
    metrics.addGauge("logic_comets", "Comets that are connected here.", () => this.#links.size);
    addProcess(metrics, this.platform.process, this.#running.counters);
    return metrics;
  }
}
