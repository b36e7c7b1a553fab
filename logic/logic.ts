import type { Clock } from "../base/clock.ts";
import type { Nodes, PushLog, SessionLimits, Sessions } from "../drivers/ports.ts";
import type { CometNode, Registered } from "../protocol/cluster/comet_node.ts";
import type { CometReport, LogicApi } from "../protocol/cluster/logic_calls.ts";
import type {
  ConnectionRef,
  ConnectReply,
  ConnectRequest,
  ReceivedFrame,
} from "../protocol/cluster/connection.ts";
import { Balancer } from "./balancer.ts";
import { Cluster } from "./cluster.ts";
import { type Comets, Connector } from "./connect.ts";
import { LogicCounters } from "./counters.ts";
import { NodeListing, nodesDefaults, type NodesOptions } from "./nodes.ts";
import { Online } from "./online.ts";
import { Push } from "./push.ts";
import { loggingHandler, type MessageHandler } from "./message_handler.ts";

/** What an operator decides about logic. */
export interface LogicOptions {
  readonly limits: SessionLimits;
  readonly nodes: NodesOptions;
  /** How long a comet waits before it opens, in milliseconds; see {@linkcode Registered}. */
  readonly openAfterMs: number;
}

/** Options that hold where none are given. */
export const logicDefaults: LogicOptions = {
  limits: { perMidMax: 16, perKeyMax: 4, whenFull: "close-oldest" },
  nodes: nodesDefaults,
  openAfterMs: 0,
};

/** What logic stands on. */
export interface LogicDependencies {
  readonly pushLog: PushLog;
  readonly sessions: Sessions;
  readonly nodes: Nodes;
  readonly comets: Comets;
  readonly clock: Clock;
  /** Where clients' frames go; each is logged where nobody takes them. */
  readonly messageHandler?: MessageHandler;
  readonly options: LogicOptions;
}

/** Knows who is connected, takes pushes, and says who is online: the role that faces back ends. */
export class Logic implements LogicApi {
  readonly counters = new LogicCounters();
  readonly push: Push;
  readonly online: Online;
  readonly nodes: NodeListing;
  readonly #cluster: Cluster;
  readonly #balancer = new Balancer();
  readonly #connector: Connector;
  readonly #messageHandler: MessageHandler;
  readonly #sessions: Sessions;
  readonly #registry: Nodes;
  readonly #registered: Registered;

  /** @throws {Error} When an option is wrong. */
  constructor(parts: LogicDependencies) {
    const { pushLog, sessions, nodes, comets, clock, options } = parts;
    this.#cluster = new Cluster(nodes, clock);
    this.#connector = new Connector(sessions, comets, options.limits, this.counters);
    this.#messageHandler = parts.messageHandler ?? loggingHandler;
    this.#sessions = sessions;
    this.#registry = nodes;
    this.#registered = { openAfterMs: options.openAfterMs, leaseMs: nodes.leaseMs };
    this.push = new Push(pushLog, sessions, this.counters);
    this.online = new Online(this.#cluster);
    this.nodes = new NodeListing(this.#cluster, this.#balancer, options.nodes);
  }

  connect(request: ConnectRequest): Promise<ConnectReply> {
    return this.#connector.connect(request);
  }

  disconnect(connection: ConnectionRef): Promise<void> {
    return this.#connector.disconnect(connection);
  }

  receive(frame: ReceivedFrame): Promise<void> {
    this.counters.received++;
    return this.#messageHandler.receive(frame);
  }

  async register(node: CometNode): Promise<Registered> {
    await this.#registry.register(node);
    return this.#registered;
  }

  unregister(server: string): Promise<void> {
    return this.#registry.unregister(server);
  }

  renew(sessions: readonly ConnectionRef[]): Promise<void> {
    return this.#sessions.renew(sessions);
  }

  async report(report: CometReport): Promise<ReadonlyMap<string, number> | undefined> {
    const elsewhere = await this.#cluster.report(report);
    if (elsewhere === undefined) return undefined;
    this.counters.reports++;
    // With every report, so that nodes that go one by one do not seem to go at once.
    this.#balancer.update((await this.#cluster.view()).nodes);
    return elsewhere;
  }
}
