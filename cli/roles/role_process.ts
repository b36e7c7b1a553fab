import { getLogger } from "@logtape/logtape";
import { systemPrng } from "../../base/prng.ts";
import { RunningClock } from "../../base/running_clock.ts";
import type { Drivers } from "../../drivers/open.ts";
import type { ApiKeys } from "../../logic/http/api_keys.ts";
import type { Hooks } from "../../logic/hooks.ts";
import type { Platform } from "../../platform/port.ts";
import { systemClock } from "../../platform/system_clock.ts";
import type { HttpServer } from "../../protocol/http/server.ts";
import { RpcCounters } from "../../rpc/counters.ts";
import type { Config } from "../config/schema.ts";
import { Metrics } from "../metrics.ts";
import { newRunId } from "../role_options.ts";
import type { RoleDependencies } from "../wiring.ts";
import { addProcess } from "./role_metrics.ts";

const log = getLogger(["halley"]);

/** A role, or several, that run in this process. */
export interface Running {
  /** Settles when everything is closed; calling it again is the same as waiting for the first. */
  close(): Promise<void>;
  /** Settles with the reason when it cannot go on by itself; `close` is still to be called. */
  readonly ended?: Promise<string>;
}

/** What can be said against a role; nothing when it can take work. */
type Unready = string | undefined;

/** One role, or several, in a process: its dependencies, how it opens, and how it ends. */
export abstract class RoleProcess<Open extends Running = Running> {
  readonly metrics = new Metrics(() => this.otherMetrics());
  readonly parts: RoleDependencies;
  /** This run. */
  readonly id: string;
  /** What holds the data, where that is here: opened first, closed last. */
  protected drivers: Drivers | undefined;
  protected http: HttpServer | undefined;
  /** Who may call it over HTTP, where it serves that. */
  apiKeys: ApiKeys | undefined;
  readonly #running = new RunningClock(systemClock);
  #ready = false;
  #closed: Promise<void> | undefined;

  constructor(
    readonly config: Config,
    readonly platform: Platform,
    readonly hooks: Hooks = {},
  ) {
    const prng = systemPrng();
    this.id = newRunId(config.serverId, systemClock, prng);
    this.parts = {
      clock: systemClock,
      running: this.#running,
      prng,
      streams: platform.streams,
      secret: config.clusterSecret,
      counters: new RpcCounters(),
    };
    addProcess(this.metrics, platform.process, this.#running.counters);
  }

  /**
   * Opens it, and closes it again when that fails half-way.
   *
   * @throws {Error} With a one-line message when it cannot start; then nothing is left open.
   */
  async open(): Promise<Open> {
    try {
      const open = await this.start();
      this.#ready = true;
      return open;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** Why it cannot take work. */
  readonly unready = async (): Promise<Unready> =>
    this.#ready ? await this.problem() : "it starts or stops";

  /** Opens all that it is made of; it is ready afterwards. */
  protected abstract start(): Promise<Open>;

  /** Why it cannot take work although it is open. */
  protected problem(): Unready | Promise<Unready> {
    return undefined;
  }

  /** What other processes count that this one shows. */
  protected async otherMetrics(): Promise<object[]> {
    return [];
  }

  /** Hands its work over to others while everything is open; not ready any more. */
  protected async drain(): Promise<void> {}

  /** Ends what {@linkcode RoleProcess.start} wired; the HTTP server has begun to close. */
  protected abstract stop(): Promise<void>;

  /** What everything else is judged by stops last. */
  async #close(): Promise<void> {
    const wasReady = this.#ready;
    this.#ready = false;
    if (wasReady) await this.drain();
    const httpClosed = this.http?.close();
    await this.stop();
    await httpClosed;
    await this.drivers?.close();
    this.#running.stop();
    if (wasReady) log.info("stopped");
  }
}
