import { getLogger } from "@logtape/logtape";
import type { Clock, TimerHandle } from "../../base/clock.ts";
import type { Prng } from "../../base/prng.ts";
import type { Nodes } from "../../drivers/ports.ts";
import type { Address, Streams } from "../../platform/port.ts";
import { type CometNode, nameOf } from "../../protocol/cluster/comet_node.ts";
import { DIRECTORY_MS } from "../../protocol/cluster/comet_calls.ts";
import type { RpcCounters } from "../../rpc/counters.ts";
import { RpcDialer } from "../../rpc/dialer.ts";
import { RemoteComets } from "./remote_comets.ts";

const log = getLogger(["halley", "job"]);

/** How often the registry is asked, in milliseconds: what is known is always young enough. */
const ASK_MS = DIRECTORY_MS / 3;

/** Dependencies of a directory of registered comets. */
export interface RegisteredCometsDependencies {
  /** This run of the job. */
  readonly owner: string;
  readonly nodes: Pick<Nodes, "live">;
  readonly streams: Streams;
  /** The cluster secret; empty for none. */
  readonly secret: string;
  readonly clock: Clock;
  /** The time in which this process ran: what links are judged by. */
  readonly running: Clock;
  readonly prng: Prng;
  /** Where the links count. */
  readonly counters: RpcCounters;
  /** Reads where a comet's RPC is. */
  readonly parseAddress: (text: string) => Address | undefined;
}

/**
 * The comets of the registry, each with a link of this job's own. One that the registry has lost
 * stays for as long as its link does.
 */
export class RegisteredComets extends RemoteComets {
  readonly #dialers = new Map<string, RpcDialer>();
  /** When the registry was asked for what is known now. */
  #askedMs = -Infinity;
  #asking: Promise<void> | undefined;
  #failures = 0;
  #timer: TimerHandle | undefined;

  constructor(private readonly parts: RegisteredCometsDependencies) {
    super(parts.clock);
  }

  /** How many comets there is a link to. */
  get connected(): number {
    let count = 0;
    for (const server of this.servers()) if (this.get(server)!.connected) count++;
    return count;
  }

  /** Begins to ask the registry. */
  override start(): void {
    super.start();
    this.#timer = this.parts.clock.setInterval(() => this.#ask().catch(() => {}), ASK_MS);
    this.#ask().catch(() => {});
  }

  /** Closes every link. */
  override async stop(): Promise<void> {
    if (this.#timer !== undefined) this.parts.clock.cancel(this.#timer);
    super.stop();
    await this.#asking?.catch(() => {});
    await Promise.all([...this.#dialers.values()].map((dialer) => dialer.stop()));
  }

  override current(): Promise<void> | undefined {
    const ageMs = this.parts.clock.monotonicMs() - this.#askedMs;
    return ageMs < DIRECTORY_MS ? undefined : this.#ask();
  }

  /** All who ask meanwhile share one answer. */
  #ask(): Promise<void> {
    return this.#asking ??= this.#load().finally(() => this.#asking = undefined);
  }

  async #load(): Promise<void> {
    const askedMs = this.parts.clock.monotonicMs();
    try {
      const nodes = await this.parts.nodes.live();
      this.#update(nodes);
      this.#askedMs = askedMs;
      this.#failures = 0;
    } catch (error) {
      if (this.#failures++ === 0) log.warn("cannot ask who the comets are: {error}", { error });
      throw error;
    }
  }

  #update(nodes: readonly CometNode[]): void {
    const live = new Set<string>();
    const names = new Set<string>();
    for (const node of nodes) {
      live.add(node.server);
      names.add(node.name);
      if (this.get(node.server) === undefined) this.#add(node);
    }
    for (const server of [...this.servers()]) {
      if (live.has(server)) continue;
      // A later run of the same name says that this one is over, whatever its link does.
      const replaced = names.has(nameOf(server));
      if (replaced || !this.get(server)!.connected) this.#remove(server);
    }
  }

  #add({ server, rpc }: CometNode): void {
    const address = this.parts.parseAddress(rpc);
    if (address === undefined) {
      log.error("comet {server} cannot be reached at {rpc}", { server, rpc });
      return;
    }
    const { owner, streams, secret, running: clock, prng, counters } = this.parts;
    const self = { role: "job", id: owner };
    const handler = this.add(server);
    const parts = { streams, secret, clock, prng, counters };
    const dialer = new RpcDialer({ ...parts, address, self, handler });
    this.#dialers.set(server, dialer);
    dialer.start();
    log.info("comet {server} is there", { server, rpc });
  }

  #remove(server: string): void {
    log.info("comet {server} is gone", { server });
    this.remove(server);
    const dialer = this.#dialers.get(server);
    this.#dialers.delete(server);
    void dialer?.stop();
  }
}
