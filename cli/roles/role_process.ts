import { getLogger } from "@logtape/logtape";
import { systemPrng } from "../../base/prng.ts";
import { RunningClock } from "../../base/running_clock.ts";
import type { Drivers } from "../../drivers/open.ts";
import type { ApiKeys } from "../../logic/http/api_keys.ts";
import type { Awaitable, Hooks } from "../../logic/hooks.ts";
import type { Platform, TlsCertificate } from "../../platform/port.ts";
import { systemClock } from "../../platform/system_clock.ts";
import type { HttpServer } from "../../protocol/http/server.ts";
import { RpcCounters } from "../../rpc/counters.ts";
import { ConfigError } from "../../options/reading.ts";
import { planReload, type ReloadPlan } from "../config/reloading.ts";
import type { Config, ServerCommand } from "../config/schema.ts";
import { tlsWanted } from "../config/tls_relations.ts";
import { Metrics } from "../metrics.ts";
import { inOneLine } from "../permission_hints.ts";
import { newRunId } from "../role_options.ts";
import { SecureStreams } from "../secure_streams.ts";
import { readTlsFiles, type TlsFiles } from "../tls_files.ts";
import type { RoleDependencies } from "../wiring.ts";
import { addProcess } from "./role_metrics.ts";

const log = getLogger(["halley"]);

/** A role, or several, that are open in this process. */
export interface Opened {
  /** Settles when everything is closed; calling it again is the same as waiting for the first. */
  close(): Promise<void>;
  /**
   * Settles with the reason when it cannot go on by itself, and `close` is still to be called; or
   * with nothing when it is closed since a call asked for it.
   */
  readonly ended?: Promise<string | undefined>;
}

/** What the command line runs. */
export interface Running extends Opened {
  /**
   * Takes another configuration, as far as that takes no restart.
   *
   * @throws {ConfigError} When there is anything wrong with it; then nothing has changed.
   */
  reload(next: Config): Promise<ReloadPlan>;
}

/**
 * Reads what a part needs of another configuration, and gives what lets the part take it: that should
 * not fail, and gives what has changed beside the options.
 *
 * @throws {Error} With a one-line message when there is anything wrong.
 */
export type Reconfigure = (next: Config) => Awaitable<() => Awaitable<readonly string[] | void>>;

/** What can be said against a role; nothing when it can take work. */
type Unready = string | undefined;

/** One role, or several, in a process: its dependencies, how it opens, and how it ends. */
export abstract class RoleProcess<Open extends Opened = Opened> {
  readonly metrics = new Metrics(() => this.otherMetrics());
  readonly parts: RoleDependencies;
  /** This run. */
  readonly id: string;
  /** Streams that speak TLS, by the certificates of the configuration. */
  readonly secure: SecureStreams;
  /** What holds the data, where that is here: opened first, closed last. */
  protected drivers: Drivers | undefined;
  protected http: HttpServer | undefined;
  /** Who may call it over HTTP, where it serves that. */
  apiKeys: ApiKeys | undefined;
  /** Closed since a call asked for it. */
  readonly #drained = Promise.withResolvers<undefined>();
  readonly #running = new RunningClock(systemClock);
  #config: Config;
  readonly #reconfigures: Reconfigure[] = [];
  #ready = false;
  #closed: Promise<void> | undefined;

  constructor(
    given: Config,
    readonly platform: Platform,
    readonly hooks: Hooks = {},
  ) {
    const prng = systemPrng();
    const config = this.#config = this.completed(given);
    this.id = newRunId(config.serverId, systemClock, prng);
    const { streams } = platform;
    this.secure = new SecureStreams(streams);
    this.parts = {
      clock: systemClock,
      running: this.#running,
      prng,
      streams: config.rpcTls ? this.secure : streams,
      clients: { plain: streams, secure: this.secure },
      secret: config.clusterSecret,
      counters: new RpcCounters(),
    };
    this.onReload((next) => {
      const files = readTlsFiles(next, systemClock.wallMs());
      return () => this.#useTls(files);
    });
    addProcess(this.metrics, platform.process, this.#running.counters);
  }

  /**
   * Opens it, and closes it again when that fails half-way.
   *
   * @throws {Error} With a one-line message when it cannot start; then nothing is left open.
   */
  async open(): Promise<Open> {
    try {
      await this.#useTls(readTlsFiles(this.config, systemClock.wallMs()));
      if (this.config.tlsCert.length > 0 && tlsWanted(this.config, this.command).length === 0) {
        log.warn("tls-cert is given, and nothing here speaks TLS: see halley start --help, [tls]");
      }
      const open = await this.start();
      this.#ready = true;
      return open;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Whether it is being closed. */
  readonly isStopping = (): boolean => this.#closed !== undefined;

  /** Begins to close it since a call asked for it, as a signal would. */
  readonly stopByCall = (): void => {
    const { promise, resolve } = this.#drained;
    resolve(this.close().then(() => undefined));
    // A program that embeds the role hears of it by its own close.
    promise.catch(() => {});
  };

  /** Opens it for the command line; see {@linkcode RoleProcess.open} for the errors. */
  async run(): Promise<Running> {
    const { ended } = await this.open();
    const { promise: drained } = this.#drained;
    return {
      close: () => this.close(),
      reload: (next) => this.reload(next),
      ended: ended === undefined ? drained : Promise.race([ended, drained]),
    };
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** What it goes by: what takes no restart may change. */
  get config(): Config {
    return this.#config;
  }

  /** See {@linkcode Running.reload}. */
  async reload(next: Config): Promise<ReloadPlan> {
    const plan = planReload(this.config, this.completed(next), this.command);
    const { config } = plan;
    const read = await Promise.allSettled(
      this.#reconfigures.map(async (reconfigure) => await reconfigure(config)),
    );
    const mistakes = read.flatMap((part) => part.status === "rejected" ? saying(part.reason) : []);
    if (mistakes.length > 0) throw new ConfigError(mistakes);
    this.#config = config;
    // One that takes its time, such as workers, holds nobody up.
    const taken = await Promise.allSettled(
      read.map(async (part) => part.status === "fulfilled" ? await part.value() ?? [] : []),
    );
    const changed = [...plan.changed];
    for (const part of taken) {
      if (part.status === "fulfilled") changed.push(...part.value);
      else log.error("a part goes on as before: {error}", { error: inOneLine(part.reason) });
    }
    return { ...plan, changed };
  }

  /** Has a part take what of a later configuration takes no restart. */
  onReload(reconfigure: Reconfigure): void {
    this.#reconfigures.push(reconfigure);
  }

  /** What runs here. */
  protected abstract readonly command: ServerCommand;

  /** Decides what a configuration leaves open. */
  protected completed(given: Config): Config {
    return given;
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

  /** Ends what {@linkcode RoleProcess.start} wired; the HTTP server is closed afterwards. */
  protected abstract stop(): Promise<void>;

  /** Says what is new and what is wrong with certificates, and goes by them. */
  async #useTls(files: TlsFiles): Promise<readonly string[]> {
    const before = this.secure.certificates;
    for (const warning of files.warnings) log.warn("{warning}", { warning });
    await this.secure.use(files);
    const isNew = (one: TlsCertificate) =>
      !before.some(({ certificate }) => certificate === one.certificate);
    const count = files.certificates.filter(isNew).length;
    return count === 0 ? [] : [`TLS certificates: ${count} new`];
  }

  /** Who asks how it is finds it until it has ended; what all is judged by stops last. */
  async #close(): Promise<void> {
    const wasReady = this.#ready;
    this.#ready = false;
    if (wasReady) await this.drain();
    await this.stop();
    await this.http?.close();
    await this.drivers?.close();
    this.#running.stop();
    if (wasReady) log.info("stopped");
  }
}

/** What is wrong, a line for each mistake. */
function saying(error: unknown): readonly string[] {
  return error instanceof ConfigError ? error.mistakes : [inOneLine(error)];
}
