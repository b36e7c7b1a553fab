import process from "node:process";
import { getLogger } from "@logtape/logtape";
import { sleep } from "../../base/clock.ts";
import { systemClock } from "../../platform/system_clock.ts";
import { systemPrng, uuid } from "../../base/prng.ts";
import { RunningClock } from "../../base/running_clock.ts";
import { MemoryNodes } from "../../drivers/memory/nodes.ts";
import { MemoryPushLog } from "../../drivers/memory/push_log.ts";
import { MemorySessions } from "../../drivers/memory/sessions.ts";
import type { ListenerOptions } from "../../comet/options.ts";
import { Job } from "../../job/job.ts";
import { jobDefaults } from "../../job/options.ts";
import { Logic } from "../../logic/logic.ts";
import type { Address, Child, ConnHandler, Listener, Platform } from "../../platform/port.ts";
import type { HttpServer } from "../../protocol/http/server.ts";
import { RpcCounters } from "../../rpc/counters.ts";
import { listenRpc, type RpcListener } from "../../rpc/listener.ts";
import { formatAddress } from "../../options/address.ts";
import { type Config, listenersOf } from "../config/schema.ts";
import { Metrics } from "../metrics.ts";
import { version } from "../version.ts";
import { addJob, addLogic, addProcess, addPushLog, addRpc } from "./role_metrics.ts";
import { listenersText, runningServer } from "./listeners.ts";
import { openApi } from "./http.ts";
import { access, announceLimit, logicOptions, newRunId, warnOfOrigins } from "./wiring.ts";
import { NOT_LISTENING, type RunningServer } from "./running.ts";
import { Supervisor } from "./supervisor.ts";
import { WorkerLinks } from "./worker_links.ts";
import { WORKER_VARIABLE } from "./worker.ts";

const log = getLogger(["halley"]);

/** How long the workers have to come up, in milliseconds. */
const START_MS = 15_000;

/** How often the parent looks whether they are up, in milliseconds. */
const LOOK_MS = 20;

const nobody: ConnHandler = {
  open: (conn) => conn.evict(),
  data() {},
  drain() {},
  end() {},
  close() {},
};

/** Logic and job in this process, and comets in worker processes that share the clients' ports. */
export class Workers {
  readonly #clock = systemClock;
  readonly #prng = systemPrng();
  readonly #running = new RunningClock(this.#clock);
  /** A worker is known until its process ends, however long it is silent. */
  readonly #nodes = new MemoryNodes(this.#clock, Infinity);
  readonly #workers = new WorkerLinks(this.#clock, this.#nodes);
  readonly #counters = new RpcCounters();
  /** Keeps other processes of this machine out; lives as long as this one. */
  readonly #secret = uuid(this.#prng);
  readonly #id: string;
  readonly #count: number;
  readonly #pushLog: MemoryPushLog;
  readonly #logic: Logic;
  readonly #job: Job;
  #supervisor: Supervisor | undefined;
  #rpc: RpcListener | undefined;
  #http: HttpServer | undefined;
  #ready = false;
  #closed: Promise<void> | undefined;

  constructor(private readonly config: Config, private readonly platform: Platform) {
    const clock = this.#clock;
    const running = this.#running;
    const prng = this.#prng;
    const { comets, links } = this.#workers;
    this.#id = newRunId(config.serverId, clock, prng);
    const { workers, partitions, pushLogBytesMax: partitionBytesMax } = config;
    const cores = platform.process.cpuCount();
    this.#count = workers === "auto" ? Math.max(1, cores - 1) : Number(workers);
    const pushLog = this.#pushLog = new MemoryPushLog(clock, { partitions, partitionBytesMax });
    this.#logic = new Logic({
      pushLog,
      sessions: new MemorySessions(this.#nodes),
      nodes: this.#nodes,
      comets: links,
      clock,
      options: logicOptions(config, 0),
    });
    this.#workers.serve(this.#logic);
    const laneBytesMax = Math.min(jobDefaults.laneBytesMax, partitionBytesMax / 2);
    const options = { laneBytesMax };
    this.#job = new Job({ owner: this.#id, pushLog, comets, clock, running, prng, options });
  }

  async open(): Promise<RunningServer> {
    const { config, platform } = this;
    const listeners = await this.#freeListeners();
    this.#rpc = await listenRpc({
      streams: platform.streams,
      address: { hostname: "127.0.0.1", port: 0 },
      secret: this.#secret,
      clock: this.#running,
      self: { role: "parent", id: this.#id },
      handler: this.#workers,
      silentMs: Infinity,
      counters: this.#counters,
    });
    this.#supervisor = new Supervisor(this.#count, {
      spawn: (index) => this.#spawn(index, listeners),
      ended: (index) => this.#workers.ended(this.#nameOf(index)),
      clock: this.#running,
      prng: this.#prng,
    });
    this.#workers.comets.start();
    this.#job.start();
    this.#supervisor.start();
    await this.#up(listeners);
    const metrics = this.#metrics();
    this.#http = await openApi(
      { config, platform, running: this.#running, metrics },
      this.#logic,
      () => this.#ready ? undefined : NOT_LISTENING,
    );
    const http = this.#http.address;
    this.#ready = true;
    this.#announce(listeners, http);
    return runningServer(listeners, http, () => this.close());
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** Upstream first, and without waiting for half requests, as in one process. */
  async #close(): Promise<void> {
    const wasReady = this.#ready;
    this.#ready = false;
    const httpClosed = this.#http?.close();
    await this.#http?.quiesce();
    await this.#job.stop();
    this.#workers.comets.stop();
    await this.#pushLog.close();
    await this.#supervisor?.stop();
    await this.#rpc?.close();
    await httpClosed;
    this.#running.stop();
    if (wasReady) log.info("stopped");
  }

  /**
   * Addresses that nobody else listens on: several servers could share a port by mistake, since
   * workers may.
   */
  async #freeListeners(): Promise<readonly ListenerOptions[]> {
    const held: (ListenerOptions & Listener)[] = [];
    try {
      for (const { address, transport } of listenersOf(this.config)) {
        const options = { ...address, pendingBytesMax: 0, handler: nobody };
        const listener = await this.platform.streams.listen(options);
        held.push({ address: listener.address, transport, close: () => listener.close() });
      }
    } finally {
      await Promise.all(held.map((listener) => listener.close()));
    }
    return held.map(({ address, transport }) => ({ address, transport }));
  }

  #spawn(index: number, listeners: readonly ListenerOptions[]): Child {
    const { config } = this;
    const connectionsMax = this.#share;
    const worker: Config = {
      ...config,
      listeners,
      connectionsMax,
      serverId: this.#nameOf(index),
      logic: [formatAddress(this.#rpc!.address)],
      clusterSecret: this.#secret,
    };
    const args = ["worker", String(process.pid)];
    return this.platform.process.spawn(args, { [WORKER_VARIABLE]: JSON.stringify(worker) });
  }

  #nameOf(index: number): string {
    return `${this.config.serverId}-${index + 1}`;
  }

  /** Connections that one worker may have; 0 where its files decide. */
  get #share(): number {
    return Math.ceil(this.config.connectionsMax / this.#count);
  }

  /** Waits until every worker has registered and the ports are open. */
  async #up(listeners: readonly ListenerOptions[]): Promise<void> {
    const deadlineMs = this.#clock.monotonicMs() + START_MS;
    while (!await this.#isUp(listeners)) {
      if (this.#clock.monotonicMs() > deadlineMs) {
        throw new Error(
          `Cannot start: ${this.#count} workers must be up within ${START_MS / 1000} s, ` +
            `current number is ${this.#workers.links.size}`,
        );
      }
      await sleep(this.#clock, LOOK_MS);
    }
  }

  async #isUp(listeners: readonly ListenerOptions[]): Promise<boolean> {
    if (this.#workers.registered < this.#count) return false;
    for (const { address } of listeners) {
      try {
        const options = { ...address, pendingBytesMax: 0, handler: nobody };
        await this.platform.streams.dial(options);
      } catch {
        return false;
      }
    }
    return true;
  }

  #metrics(): Metrics {
    const metrics = new Metrics(() => this.#workers.metrics());
    addLogic(metrics, this.#logic);
    addJob(metrics, this.#job);
    addPushLog(metrics, this.#pushLog);
    addRpc(metrics, this.#counters);
    addProcess(metrics, this.platform.process, this.#running.counters);
    return metrics;
  }

  #announce(listeners: readonly ListenerOptions[], http: Address): void {
    const { config, platform } = this;
    const { runtime } = platform.process;
    log.info("halley starts", { version, runtime, server: this.#id, workers: this.#count });
    announceLimit({ ...config, connectionsMax: this.#share }, platform.process, this.#count);
    warnOfOrigins(config);
    log.info("listening", {
      ...listenersText(listeners),
      http: `http://${formatAddress(http)}`,
      access: access(config, http),
    });
  }
}
