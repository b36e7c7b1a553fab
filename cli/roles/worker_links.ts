import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../base/clock.ts";
import type { Nodes } from "../../drivers/ports.ts";
import { RemoteComets } from "../../job/rpc/remote_comets.ts";
import type { LogicApi } from "../../protocol/cluster/logic_calls.ts";
import { CometLinks } from "../../logic/rpc/comet_links.ts";
import { EMPTY } from "../../protocol/frame.ts";
import type { RpcHandler, RpcLink } from "../../rpc/link.ts";
import type { Metrics } from "../metrics.ts";
import { RpcMethod } from "../../protocol/cluster/calls.ts";
import { nameOf } from "../../protocol/cluster/comet_node.ts";

const log = getLogger(["halley"]);

/** The method by which a parent asks a worker what it counts. */
export const METRICS_METHOD = 40;

/** The method by which a parent gives a worker another configuration. */
export const RELOAD_METHOD = 16;

/** How long a worker may take, in milliseconds. */
const ANSWER_MS = 500;

/** What a worker answers. */
export async function metricsAnswer(metrics: Metrics): Promise<Uint8Array> {
  return new TextEncoder().encode(JSON.stringify(await metrics.numbers()));
}

/** Asks workers what they count; one that does not answer in time counts nothing. */
export async function askMetrics(links: Iterable<Pick<RpcLink, "call">>): Promise<object[]> {
  const answers = await Promise.allSettled(
    [...links].map((link) => link.call(METRICS_METHOD, EMPTY, ANSWER_MS)),
  );
  return answers.flatMap((answer) =>
    answer.status === "rejected" ? [] : [JSON.parse(new TextDecoder().decode(answer.value))]
  );
}

/**
 * The links of worker processes, which logic and job of their parent share. A worker is there until
 * its process ends: when its link is lost, its clients, its rooms and what is on its way to it stay,
 * for it links again.
 */
export class WorkerLinks implements RpcHandler {
  /** The workers as the job sees them. */
  readonly comets: RemoteComets;
  /** The workers as logic sees them. */
  readonly links: CometLinks;
  /** By run of the worker. */
  readonly #links = new Map<string, RpcLink>();
  /** What workers go by, where it is not what they were started with. */
  #configs: ReadonlyMap<string, Uint8Array> = new Map();
  /** Runs that have registered. */
  readonly #registered = new Set<string>();

  constructor(clock: Clock, private readonly nodes: Nodes) {
    this.links = new CometLinks(clock);
    this.comets = new RemoteComets(clock);
  }

  /** How many workers have registered. */
  get registered(): number {
    return this.#registered.size;
  }

  /** What each worker counts, for {@linkcode Metrics}. */
  metrics(): Promise<object[]> {
    return askMetrics(this.#links.values());
  }

  /**
   * Gives all workers another configuration, those whose links are away when they are back.
   *
   * @param configs By the name of the worker, as JSON.
   */
  async reload(configs: ReadonlyMap<string, Uint8Array>): Promise<void> {
    this.#configs = configs;
    await Promise.all([...this.#links.values()].map((link) => this.#configure(link)));
  }

  async #configure(link: RpcLink): Promise<void> {
    const config = this.#configs.get(nameOf(link.peer.id));
    if (config === undefined) return;
    try {
      await link.call(RELOAD_METHOD, config);
    } catch (error) {
      log.error("worker {id} goes on as before: {error}", { id: link.peer.id, error });
    }
  }

  /** Says who answers. */
  serve(logic: LogicApi): void {
    this.links.serve(logic);
  }

  opened(link: RpcLink): void {
    const { id } = link.peer;
    this.#links.set(id, link);
    this.links.opened(link);
    (this.comets.get(id) ?? this.comets.add(id)).opened(link);
    void this.#configure(link);
  }

  closed(link: RpcLink): void {
    const { id } = link.peer;
    if (this.#links.get(id) !== link) return;
    this.#links.delete(id);
    this.links.closed(link);
    this.comets.get(id)?.closed(link);
  }

  /** The process of the worker with a name has ended, and its clients are gone with it. */
  ended(name: string): void {
    for (const id of [...this.comets.servers()]) {
      if (nameOf(id) !== name) continue;
      // What it still asks, in the socket, would bring it back.
      this.#links.get(id)?.close();
      this.#registered.delete(id);
      this.comets.remove(id);
      void this.nodes.unregister(id);
    }
  }

  async call(link: RpcLink, method: number, body: Uint8Array): Promise<Uint8Array> {
    const { id } = link.peer;
    if (method === RpcMethod.addRooms || method === RpcMethod.removeRooms) {
      return await this.comets.get(id)!.call(link, method, body);
    }
    const answer = await this.links.call(link, method, body);
    if (method === RpcMethod.register) this.#registered.add(id);
    return answer;
  }
}
