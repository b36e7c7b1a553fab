import type { Clock } from "../../base/clock.ts";
import type { Nodes } from "../../drivers/ports.ts";
import { LinkedComets } from "../../job/rpc/linked_comets.ts";
import type { LogicApi } from "../../protocol/rpc/contract.ts";
import { CometLinks } from "../../logic/rpc/comet_links.ts";
import type { RpcHandler, RpcLink } from "../../protocol/rpc/link.ts";
import { type CometNumbers, sharedNumbers } from "./worker_numbers.ts";
import { RpcMethod } from "../../protocol/rpc/methods.ts";

/** The links of worker processes, which logic and job of their parent share. */
export class WorkerLinks implements RpcHandler {
  /** The workers as the job sees them. */
  readonly comets: LinkedComets;
  /** The workers as logic sees them. */
  readonly links: CometLinks;
  /** What the workers' comets count, added up. */
  readonly numbers: () => Promise<CometNumbers>;
  /** How many have registered. */
  registered = 0;
  /** By run of the worker. */
  readonly #links = new Map<string, RpcLink>();

  constructor(clock: Clock, private readonly nodes: Nodes) {
    this.links = new CometLinks(clock);
    this.comets = new LinkedComets(clock);
    this.numbers = sharedNumbers(clock, () => this.#links.values());
  }

  /** Says who answers. */
  serve(logic: LogicApi): void {
    this.links.serve(logic);
  }

  opened(link: RpcLink): void {
    this.#links.set(link.peer.id, link);
    this.links.opened(link);
    this.comets.add(link.peer.id).opened(link);
  }

  /** A worker without a link is gone, and its clients with it; one that has another is not. */
  closed(link: RpcLink): void {
    if (this.#links.get(link.peer.id) !== link) return;
    this.#links.delete(link.peer.id);
    this.links.closed(link);
    this.comets.get(link.peer.id)?.closed(link);
    this.comets.remove(link.peer.id);
    void this.nodes.unregister(link.peer.id);
  }

  async call(link: RpcLink, method: number, body: Uint8Array): Promise<Uint8Array> {
    if (method === RpcMethod.hold || method === RpcMethod.release) {
      return await this.comets.get(link.peer.id)!.call(link, method, body);
    }
    const answer = await this.links.call(link, method, body);
    if (method === RpcMethod.register) this.registered++;
    return answer;
  }
}
