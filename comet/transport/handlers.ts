import { Networks } from "../../protocol/networks.ts";
import type { ConnHandler } from "../../platform/port.ts";
import type { Channel } from "../channel.ts";
import type { ListenerOptions } from "../options.ts";
import { ProxiedTransport } from "./proxied.ts";
import { TcpTransport } from "./tcp.ts";
import type { TransportDependencies } from "./transport.ts";
import { WebSocketTransport } from "./websocket.ts";

/** What takes the connections of each kind of listener, the same object for all of a kind. */
export class Handlers {
  readonly #direct;
  readonly #proxied;

  readonly #proxies: Networks;

  constructor(private readonly dependencies: TransportDependencies) {
    const { trustedProxies } = dependencies.connections.options;
    const proxies = this.#proxies = new Networks(trustedProxies);
    const tcp = new TcpTransport(dependencies);
    const websocket = new WebSocketTransport(dependencies, proxies);
    this.#direct = { tcp, websocket };
    this.#proxied = {
      tcp: new ProxiedTransport(tcp, dependencies, proxies),
      websocket: new ProxiedTransport(websocket, dependencies, proxies),
    };
  }

  /** The options are others now. */
  reconfigured(): void {
    this.#proxies.replace(this.dependencies.connections.options.trustedProxies);
  }

  /** What takes the connections of a listener. */
  of(
    { transport, proxy }: Pick<ListenerOptions, "transport" | "proxy">,
  ): ConnHandler<Channel | undefined> {
    return (proxy ? this.#proxied : this.#direct)[transport];
  }
}
