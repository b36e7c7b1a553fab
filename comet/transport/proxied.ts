import { getLogger } from "@logtape/logtape";
import type { Conn, ConnHandler } from "../../platform/port.ts";
import { ProtocolError } from "../../protocol/close_codes.ts";
import type { Networks } from "../../protocol/networks.ts";
import { ProxyHeaderReader } from "../../protocol/proxy_header.ts";
import { type Channel, ChannelState } from "../channel.ts";
import type { StreamTransport, TransportDependencies } from "./transport.ts";

const log = getLogger(["halley", "comet"]);

type ClientConn = Conn<Channel | undefined>;

/**
 * A listener whose connections come from proxies, and begin with a header of the PROXY protocol. It
 * never guesses: without a header there is no connection, and from others than the proxies none at
 * all. Until the header has come it is the channel's decoder; then the transport has the channel.
 */
export class ProxiedTransport implements ConnHandler<Channel | undefined> {
  /**
   * @param transport What follows the header.
   * @param proxies Who may connect.
   */
  constructor(
    private readonly transport: StreamTransport,
    private readonly dependencies: TransportDependencies,
    private readonly proxies: Networks,
  ) {}

  open(conn: ClientConn): void {
    const { connections, counters } = this.dependencies;
    if (this.proxies.has(conn.remoteAddress)) {
      connections.open(conn, this.transport, undefined, this);
      return;
    }
    counters.refusedProxies++;
    log.debug("refused {peer}, which is none of trusted-proxies", { peer: conn.remoteAddress });
    conn.evict();
  }

  decoder(): ProxyHeaderReader {
    return new ProxyHeaderReader(this.dependencies.buffers);
  }

  data(conn: ClientConn, chunk: Uint8Array): void {
    const header = conn.context?.decoder;
    if (header instanceof ProxyHeaderReader && conn.context!.state < ChannelState.closing) {
      this.#read(conn.context!, header, chunk);
    } else {
      this.transport.data(conn, chunk);
    }
  }

  drain(conn: ClientConn): void {
    this.transport.drain(conn);
  }

  end(conn: ClientConn): void {
    this.transport.end(conn);
  }

  close(conn: ClientConn): void {
    this.transport.close(conn);
  }

  #read(channel: Channel, header: ProxyHeaderReader, chunk: Uint8Array): void {
    const { conn } = channel;
    try {
      const length = header.push(chunk);
      if (length === 0) return;
      header.close();
      this.transport.begin(channel, header.address ?? conn.remoteAddress);
      if (length < chunk.length) this.transport.data(conn, chunk.subarray(length));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.dependencies.counters.badProxyHeaders++;
      const { message } = error;
      log.debug("closing connection of {peer}: {message}", { peer: conn.remoteAddress, message });
      this.dependencies.connections.close(channel, error.close);
    }
  }
}
