import { connect, createServer, type Server, type Socket } from "node:net";

/** A TCP proxy whose connections can fall silent: they stay open, take all and pass on nothing. */
export class SilentProxy {
  /** How long new connections keep what they pass on, in milliseconds. */
  delayMs = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(private readonly target: number) {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /**
   * Listens on a free port of this machine.
   *
   * @param target The port behind it.
   */
  static async start(target: number): Promise<SilentProxy> {
    const proxy = new SilentProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Silences the connections that there are; new ones are as good as ever. */
  silence(): void {
    for (const socket of this.#sockets) {
      socket.removeAllListeners("data");
      socket.resume();
    }
  }

  /** Ends it and all its connections. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(client: Socket): void {
    const server = connect(this.target, "127.0.0.1");
    this.#pass(client, server);
    this.#pass(server, client);
  }

  #pass(from: Socket, to: Socket): void {
    const { delayMs } = this;
    this.#sockets.add(from);
    from.on("data", (data) => {
      if (delayMs === 0) to.write(data);
      else setTimeout(() => to.write(data), delayMs);
    });
    from.on("error", () => {});
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
