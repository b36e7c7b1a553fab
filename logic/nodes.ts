import type { BackoffOptions } from "../base/backoff.ts";
import type { NodeState } from "../drivers/ports.ts";
import type { Balancer } from "./balancer.ts";
import type { Cluster } from "./cluster.ts";
import { type RegionNetworks, Regions } from "./regions.ts";

/** What clients are told beside the nodes. */
export interface NodesOptions {
  /** Where clients go when there is no node. */
  readonly defaultDomain: string;
  /** What follows a node's host name to make the name that browsers use, such as `.example.com`. */
  readonly hostDomain: string;
  readonly tcpPort: number;
  readonly wsPort: number;
  /** Port of WebSocket with TLS; 0 where nothing listens so. */
  readonly wssPort: number;
  /** How often a client is to send a heartbeat, in milliseconds. */
  readonly heartbeatMs: number;
  /** After how many silent heartbeats a client is closed. */
  readonly heartbeatMax: number;
  /** How a client is to come back. */
  readonly backoff: BackoffOptions;
  readonly regions: RegionNetworks;
}

/** Options that hold where none are given. */
export const nodesDefaults: NodesOptions = {
  defaultDomain: "localhost",
  hostDomain: "",
  tcpPort: 3101,
  wsPort: 3102,
  wssPort: 0,
  heartbeatMs: 240_000,
  heartbeatMax: 2,
  backoff: { baseMs: 3_000, maxMs: 300_000, factor: 1.8, jitter: 0.3 },
  regions: {},
};

/** Where a client should connect, as the HTTP API says it; times in whole seconds. */
export interface WeightedNodes {
  readonly domain: string;
  readonly tcp_port: number;
  readonly ws_port: number;
  readonly wss_port: number;
  readonly heartbeat: number;
  readonly heartbeat_max: number;
  readonly nodes: readonly string[];
  readonly backoff: {
    readonly max_delay: number;
    readonly base_delay: number;
    readonly factor: number;
    readonly jitter: number;
  };
}

/** A comet, as the HTTP API says it. */
export interface Instance {
  readonly region: string;
  readonly zone: string;
  readonly env: string;
  readonly appid: "goim.comet";
  readonly hostname: string;
  readonly addrs: readonly string[];
  readonly version: string;
  /** When it last reported, in nanoseconds since the Unix epoch, as goim's registry has it. */
  readonly latest_timestamp: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Answers where the comets are. */
export class NodeListing {
  #options!: NodesOptions;
  #regions!: Regions;

  /** @throws {Error} When a region's network is not in CIDR notation. */
  constructor(
    private readonly cluster: Cluster,
    private readonly balancer: Balancer,
    options: NodesOptions,
  ) {
    this.reconfigure(options);
  }

  /** Answers by other options from now on; see the constructor for the errors. */
  reconfigure(options: NodesOptions): void {
    this.#options = options;
    this.#regions = new Regions(options.regions);
  }

  /**
   * The best nodes for a client.
   *
   * @param platform `web` gets host names, everything else addresses.
   * @param remoteAddress The client's IP address.
   */
  async weighted(platform: string, remoteAddress: string): Promise<WeightedNodes> {
    this.balancer.update((await this.cluster.view()).nodes);
    const { defaultDomain, hostDomain, backoff, ...options } = this.#options;
    const chosen = this.balancer.choose(this.#regions.of(remoteAddress));
    const nodes = platform === "web"
      ? chosen.map(({ hostname }) => hostname + hostDomain)
      : chosen.flatMap(({ addresses }) => addresses);
    return {
      domain: defaultDomain,
      tcp_port: options.tcpPort,
      ws_port: options.wsPort,
      wss_port: options.wssPort,
      heartbeat: wholeSeconds(options.heartbeatMs),
      heartbeat_max: options.heartbeatMax,
      nodes: nodes.length === 0 ? [defaultDomain] : nodes,
      backoff: {
        max_delay: wholeSeconds(backoff.maxMs),
        base_delay: wholeSeconds(backoff.baseMs),
        factor: backoff.factor,
        jitter: backoff.jitter,
      },
    };
  }

  /** Every live node, those that are leaving included. */
  async instances(): Promise<readonly Instance[]> {
    return (await this.cluster.view()).nodes.map(instance);
  }
}

/** goim's clients read these as integers. */
function wholeSeconds(ms: number): number {
  return Math.max(1, Math.floor(ms / 1000));
}

function instance(node: NodeState): Instance {
  const { region, zone, env, hostname, addresses, version } = node;
  return {
    region,
    zone,
    env,
    appid: "goim.comet",
    hostname,
    addrs: addresses,
    version,
    latest_timestamp: node.reportedMs * 1_000_000,
    metadata: {
      weight: String(node.weight),
      conn_count: String(node.connections),
      ip_count: String(node.clientAddresses),
      offline: String(node.offline),
      addrs: addresses.join(","),
    },
  };
}
