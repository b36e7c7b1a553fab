/**
 * The door of this folder: logic, put together from its parts. `connect.ts` lets clients in, by
 * hooks (`hooks.ts`) or by `auth/`, unless they are blocked (`blocks.ts`), `connection_closer.ts` has
 * them closed, `upstream/` takes what they send, `push.ts` takes pushes, `history.ts` reads
 * what rooms have kept, `http/` is the API in front, and `rpc/` serves comets in other processes.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Prng } from "../base/prng.ts";
import type { Moderation, Nodes, PushLog, Sessions } from "../drivers/ports.ts";
import type { CometNode, Registered } from "../protocol/cluster/comet_node.ts";
import type { CometReport, LogicApi } from "../protocol/cluster/logic_calls.ts";
import type {
  ConnectionRef,
  ConnectReply,
  ConnectRequest,
  JoinRequest,
  Permissions,
  ReceivedFrame,
  RenewAuthRequest,
} from "../protocol/cluster/connection.ts";
import type { ProbeReply, ProbeRequest } from "../protocol/cluster/probe.ts";
import type { PublishReply, PublishRequest } from "../protocol/cluster/publish.ts";
import type { HistoryPage, HistoryQuery } from "../protocol/history.ts";
import { RoomTypes } from "../protocol/room_options.ts";
import { Auth } from "./auth/auth.ts";
import { Balancer } from "./balancer.ts";
import { Cluster } from "./cluster.ts";
import { Blocks } from "./blocks.ts";
import { Connector } from "./connect.ts";
import { type Comets, ConnectionCloser } from "./connection_closer.ts";
import { LogicCounters } from "./counters.ts";
import { NodeListing } from "./nodes.ts";
import { Online } from "./online.ts";
import { logicDefaults, type LogicOptions } from "./options.ts";
import { Probes } from "./probes.ts";
import { Push } from "./push.ts";
import { drainComet, type DrainedComet } from "./drain.ts";
import { History } from "./history.ts";
import { HookCalls } from "./hook_calls.ts";
import type { Hooks } from "./hooks.ts";
import { Moderator } from "./upstream/moderator.ts";
import { Webhook } from "./upstream/webhook.ts";
import { Upstream } from "./upstream/upstream.ts";

export { logicDefaults, type LogicOptions };

/** Dependencies of logic. */
export interface LogicDependencies {
  readonly pushLog: PushLog;
  readonly sessions: Sessions;
  readonly nodes: Nodes;
  readonly moderation: Moderation;
  readonly comets: Comets;
  readonly clock: Clock;
  /** The time in which this process ran: what hooks are judged by. */
  readonly running: Clock;
  readonly prng: Prng;
  /** Where the application takes part. */
  readonly hooks?: Hooks;
  readonly options: LogicOptions;
}

/** Knows who is connected, takes pushes, and says who is online: the role that faces back ends. */
export class Logic implements LogicApi {
  readonly counters = new LogicCounters();
  readonly push: Push;
  readonly history: History;
  readonly online: Online;
  readonly nodes: NodeListing;
  readonly moderator: Moderator;
  readonly probes: Probes;
  readonly auth: Auth;
  readonly closer: ConnectionCloser;
  readonly blocks: Blocks;
  readonly #cluster: Cluster;
  readonly #comets: Comets;
  readonly #balancer = new Balancer();
  readonly #connector: Connector;
  readonly #hooks: HookCalls;
  readonly #upstream: Upstream;
  #webhook?: Webhook;
  readonly #dependencies: LogicDependencies;
  #options: LogicOptions;
  readonly #roomTypes: RoomTypes;
  readonly #sessions: Sessions;
  readonly #registry: Nodes;
  readonly #registered: Registered;

  /** @throws {Error} When an option is wrong. */
  constructor(dependencies: LogicDependencies) {
    const { pushLog, sessions, nodes, comets, clock, running, hooks = {}, options } = dependencies;
    const { counters } = this;
    this.#dependencies = dependencies;
    this.#options = options;
    this.#cluster = new Cluster(nodes, clock);
    this.auth = new Auth(options.auth, { ...dependencies, counters });
    this.#hooks = new HookCalls(hooks, this.auth, options.hookMs, running, counters);
    this.closer = new ConnectionCloser(sessions, nodes, comets, clock);
    this.blocks = new Blocks(dependencies.moderation, this.closer, counters);
    this.#comets = comets;
    this.#connector = new Connector(
      sessions,
      comets,
      this.closer,
      this.blocks,
      options.limits,
      this.#hooks,
      clock,
      counters,
    );
    this.#sessions = sessions;
    this.#registry = nodes;
    this.#registered = { openAfterMs: options.openAfterMs, leaseMs: nodes.leaseMs };
    const roomTypes = this.#roomTypes = new RoomTypes(options.rooms);
    this.history = new History(pushLog, roomTypes);
    const push = this.push = new Push(pushLog, sessions, this.history, counters);
    const { moderation } = dependencies;
    this.#setWebhook(options);
    this.moderator = new Moderator(moderation, counters);
    this.#upstream = new Upstream({
      hooks: this.#hooks,
      moderation,
      webhook: () => this.#webhook,
      push,
      roomTypes,
      midRate: () => {
        const { publishMidRate: perSecondMax, publishMidBurst: burst } = this.#options;
        return { perSecondMax, burst };
      },
      counters,
    });
    this.online = new Online(this.#cluster);
    this.probes = new Probes(pushLog, clock, running, counters);
    this.nodes = new NodeListing(this.#cluster, this.#balancer, options.nodes);
  }

  /**
   * Goes by other options from now on; what has begun goes on by those of before.
   *
   * @throws {Error} When an option is wrong.
   */
  reconfigure(options: LogicOptions): void {
    this.nodes.reconfigure(options.nodes);
    this.auth.reconfigure(options.auth);
    this.#options = options;
    this.#roomTypes.replace(options.rooms);
    this.#connector.limits = options.limits;
    this.#hooks.timeoutMs = options.hookMs;
    this.#setWebhook(options);
  }

  /** One that is asked no more stays, for the calls under way. */
  #setWebhook({ webhook }: LogicOptions): void {
    if (webhook === undefined) return;
    const { counters } = this;
    if (this.#webhook) this.#webhook.reconfigure(webhook);
    else this.#webhook = new Webhook(webhook, { ...this.#dependencies, counters });
  }

  connect(request: ConnectRequest): Promise<ConnectReply> {
    return this.#connector.connect(request);
  }

  disconnect(connection: ConnectionRef): Promise<void> {
    return this.#connector.disconnect(connection);
  }

  undoConnect(request: ConnectRequest): Promise<void> {
    return this.#connector.undoConnect(request);
  }

  renewAuth(request: RenewAuthRequest): Promise<Permissions> {
    return this.#connector.renewAuth(request);
  }

  async authorizeJoin({ room, ...connection }: JoinRequest): Promise<boolean> {
    const mayJoin = await this.#hooks.authorizeJoin(connection, room).catch(() => false);
    if (!mayJoin) this.counters.refusedJoins++;
    return mayJoin;
  }

  receive(frame: ReceivedFrame): Promise<Uint8Array> {
    this.counters.received++;
    return this.#upstream.receive(frame);
  }

  publish(request: PublishRequest): Promise<PublishReply> {
    return this.#upstream.publish(request);
  }

  readHistory(query: HistoryQuery): Promise<HistoryPage> {
    return this.history.read(query);
  }

  /** See {@linkcode drainComet}. */
  drain(comet: string): Promise<DrainedComet | undefined> {
    return drainComet(this.#cluster, this.#comets, comet);
  }

  async register(node: CometNode): Promise<Registered> {
    await this.#registry.register(node);
    return this.#registered;
  }

  unregister(server: string): Promise<void> {
    return this.#registry.unregister(server);
  }

  /** See {@linkcode Probes.probe}. */
  probe(request: ProbeRequest): Promise<ProbeReply> {
    return this.probes.probe(request);
  }

  renew(sessions: readonly ConnectionRef[]): Promise<void> {
    return this.#sessions.renew(sessions);
  }

  /** Calls of hooks that are under way or wait. */
  get hookCalls(): number {
    return this.#hooks.size;
  }

  /** Calls of the webhook that are under way. */
  get webhookCalls(): number {
    return this.#webhook?.size ?? 0;
  }

  /** Settles when the application is not being asked for anything. */
  async settled(): Promise<void> {
    await Promise.all([this.#hooks.settled(), this.#webhook?.settled()]);
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
