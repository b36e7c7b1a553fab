import { getLogger } from "@logtape/logtape";
import { formatAddress, parseRpcAddress } from "../../options/address.ts";
import { type Config, listenersOf } from "../config/schema.ts";
import { openAuth, warnOfAuth } from "../auth.ts";
import { withDemo } from "../demo.ts";
import { access, logicOptions } from "../role_options.ts";
import { LogicServer } from "../server.ts";
import { version } from "../version.ts";
import { wireLogic } from "../wiring.ts";
import { openApi } from "./http.ts";
import { httpUrl } from "./listeners.ts";
import { addLogic, addRpc } from "./role_metrics.ts";
import { StoreRole } from "./store.ts";

const log = getLogger(["halley"]);

/** Where logic listens for comets where nothing else is said. */
const LOGIC_RPC = "127.0.0.1:3119";

/** The role that faces back ends, in a process of its own. */
export class LogicRole extends StoreRole<LogicServer> {
  protected readonly command = "logic";
  #wired: ReturnType<typeof wireLogic> | undefined;

  protected async start(): Promise<LogicServer> {
    const { config, metrics, id } = this;
    const { process } = this.platform;
    log.info("halley logic starts", { version, runtime: process.runtime, id });
    const ports = await this.openStore(true);
    const { logic, links, listen } = this.#wired = wireLogic(this.parts, {
      id,
      ports,
      options: logicOptions(config, process, await openAuth(config, process)),
      hooks: this.hooks,
    });
    this.onReload(async (next) => {
      const options = logicOptions(next, process, await openAuth(next, process));
      return () => logic.reconfigure(options);
    });
    const rpc = await listen(parseRpcAddress(config.rpc || LOGIC_RPC)!);
    addLogic(metrics, logic);
    addRpc(metrics, this.parts.counters);
    metrics.addGauge("logic_comets", "Comets that are connected here.", () => links.size);
    const http = this.http = await openApi(this, logic, listenersOf(config));
    warnOfAuth(config, "logic", this.hooks);
    log.info("listening", {
      http: httpUrl(config, http.address),
      rpc: formatAddress(rpc),
      access: access(config, http.address),
    });
    return new LogicServer(logic, http.address, () => this.close());
  }

  protected override completed(given: Config): Config {
    return withDemo(given, false);
  }

  /** Callers and comets go to the other logics, while what is under way comes to its end. */
  protected override async drain(): Promise<void> {
    await this.#wired!.drain();
    await this.http!.quiesce();
  }

  protected override async problem(): Promise<string | undefined> {
    return await super.problem() ?? this.#wired?.logic.probes.problem();
  }

  /** Comets first: they go on with another logic while the calls under way end. */
  protected async stop(): Promise<void> {
    await this.#wired?.stop();
  }
}
