import process from "node:process";
import { getLogger } from "@logtape/logtape";
import { sleep } from "../../base/clock.ts";
import { uuid } from "../../base/prng.ts";
import type { ListenerOptions } from "../../comet/options.ts";
import { formatAddress } from "../../options/address.ts";
import type { Hooks } from "../../logic/hooks.ts";
import type { Address, Child, ConnHandler, Listener, Platform } from "../../platform/port.ts";
import { type Config, listenersOf } from "../config/schema.ts";
import { openAuth } from "../auth.ts";
import * as options from "../role_options.ts";
import type { Server } from "../server.ts";
import { version } from "../version.ts";
import { wireParent } from "../wiring.ts";
import { openApi } from "./http.ts";
import { runningServer } from "./listeners.ts";
import { LocalRole } from "./local.ts";
import { addJob, addLogic, addRpc } from "./role_metrics.ts";
import { Supervisor } from "./supervisor.ts";
import { WORKER_VARIABLE } from "./worker.ts";
import type { WorkerLinks } from "./worker_links.ts";

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
export class Workers extends LocalRole {
  /** Keeps other processes of this machine out; lives as long as this one. */
  readonly #secret = uuid(this.parts.prng);
  readonly #count: number;
  #parent: ReturnType<typeof wireParent> | undefined;
  #supervisor: Supervisor | undefined;

  constructor(config: Config, platform: Platform, hooks?: Hooks) {
    super(config, platform, hooks);
    const { workers } = config;
    const cores = platform.process.cpuCount();
    this.#count = workers === "auto" ? Math.max(1, cores - 1) : Number(workers);
  }

  protected async start(): Promise<Server> {
    const { config, metrics, parts: { running: clock, prng } } = this;
    const { process } = this.platform;
    const ports = await this.openDrivers();
    const parts = { ...this.parts, streams: this.platform.streams, secret: this.#secret };
    const { workers, logic, job, listen, start } = this.#parent = wireParent(parts, {
      owner: this.id,
      logic: {
        ports,
        options: options.logicOptions(config, process, await openAuth(config, process)),
        hooks: this.hooks,
      },
      job: options.jobOptions(config),
    });
    const listeners = await this.#freeListeners();
    const rpc = await listen({ hostname: "127.0.0.1", port: 0 });
    const supervisor = this.#supervisor = new Supervisor(this.#count, {
      spawn: (index) => this.#spawn(index, listeners, rpc),
      ended: (index) => workers.ended(this.#nameOf(index)),
      clock,
      prng,
    });
    this.onReload(async (next) => {
      const ofLogic = options.logicOptions(next, process, await openAuth(next, process));
      return async () => {
        logic.reconfigure(ofLogic);
        const configs = Array.from({ length: this.#count }, (_, index) => {
          const config = JSON.stringify(this.#configOf(index, listeners, rpc));
          return [this.#nameOf(index), new TextEncoder().encode(config)] as const;
        });
        await workers.reload(new Map(configs));
      };
    });
    start();
    supervisor.start();
    await this.#up(workers, listeners);
    addLogic(metrics, logic);
    addJob(metrics, job);
    addRpc(metrics, parts.counters);
    const http = this.http = await openApi(this, logic, listeners);
    const { runtime } = process;
    log.info("halley starts", { version, runtime, server: this.id, workers: this.#count });
    options.announceLimit({ ...config, connectionsMax: this.#share }, process, this.#count);
    return runningServer(this, logic, listeners, http.address);
  }

  protected override async problem(): Promise<string | undefined> {
    return await super.problem() ?? this.#parent?.logic.probes.problem(true);
  }

  protected override async otherMetrics(): Promise<object[]> {
    return await this.#parent?.workers.metrics() ?? [];
  }

  /** Without waiting for half requests, as in one process. */
  protected async stop(): Promise<void> {
    await this.http?.quiesce();
    await this.#parent?.stop(async () => await this.#supervisor?.stop());
  }

  /**
   * Addresses that nobody else listens on: several servers could share a port by mistake, since
   * workers may.
   */
  async #freeListeners(): Promise<Config["listeners"]> {
    const held: Listener[] = [];
    const given = listenersOf(this.config);
    try {
      for (const { address } of given) {
        const options = { ...address, pendingBytesMax: 0, handler: nobody };
        held.push(await this.platform.streams.listen(options));
      }
    } finally {
      await Promise.all(held.map((listener) => listener.close()));
    }
    return given.map((listener, index) => ({ ...listener, address: held[index].address }));
  }

  #spawn(index: number, listeners: Config["listeners"], parent: Address): Child {
    const args = ["worker", String(process.pid)];
    const worker = this.#configOf(index, listeners, parent);
    return this.platform.process.spawn(args, { [WORKER_VARIABLE]: JSON.stringify(worker) });
  }

  #configOf(index: number, listeners: Config["listeners"], parent: Address): Config {
    return {
      ...this.config,
      listeners,
      connectionsMax: this.#share,
      serverId: this.#nameOf(index),
      logic: [formatAddress(parent)],
      clusterSecret: this.#secret,
      rpcTls: false,
    };
  }

  #nameOf(index: number): string {
    return `${this.config.serverId}-${index + 1}`;
  }

  /** Connections that one worker may have; 0 where its files decide. */
  get #share(): number {
    return Math.ceil(this.config.connectionsMax / this.#count);
  }

  /** Waits until every worker has registered and the ports are open. */
  async #up(workers: WorkerLinks, listeners: readonly ListenerOptions[]): Promise<void> {
    const { clock } = this.parts;
    const deadlineMs = clock.monotonicMs() + START_MS;
    while (workers.registered < this.#count || !await this.#accept(listeners)) {
      if (clock.monotonicMs() > deadlineMs) {
        throw new Error(
          `Cannot start: ${this.#count} workers must be up within ${START_MS / 1000} s, ` +
            `current number is ${workers.links.size}`,
        );
      }
      await sleep(clock, LOOK_MS);
    }
  }

  async #accept(listeners: readonly ListenerOptions[]): Promise<boolean> {
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
}
