import type { Address, Listener, Streams } from "../platform/port.ts";
import { Limits } from "../protocol/limits.ts";
import type { ListenerOptions } from "./options.ts";
import { Handlers } from "./transport/handlers.ts";
import type { TransportDependencies } from "./transport/transport.ts";

/** What clients' connections are made of. */
export interface ClientStreams {
  readonly plain: Streams;
  /** With TLS. */
  readonly secure: Streams;
}

/** The ports on which clients come in. */
export class ClientListeners {
  readonly #handlers: Handlers;
  readonly #listeners: Listener[] = [];

  readonly #streams: ClientStreams;

  /** @param streams Those of clients, or the only ones that there are. */
  constructor(
    { streams, clients }: { readonly streams: Streams; readonly clients?: ClientStreams },
    private readonly dependencies: TransportDependencies,
  ) {
    this.#streams = clients ?? { plain: streams, secure: streams };
    this.#handlers = new Handlers(dependencies);
  }

  /** The options are others now. */
  reconfigured(): void {
    this.#handlers.reconfigured();
  }

  /**
   * Accepts clients on one more port; see {@linkcode Streams.listen} for the errors.
   *
   * @param reusePort Whether other processes share the port.
   * @returns Where it listens.
   */
  async listen(options: ListenerOptions, reusePort: boolean): Promise<Address> {
    const { plain, secure } = this.#streams;
    const listener = await (options.tls ? secure : plain).listen({
      ...options.address,
      reusePort,
      pendingBytesMax: Limits.pendingBytesMax,
      handler: this.#handlers.of(options),
      counters: this.dependencies.counters,
    });
    this.#listeners.push(listener);
    return listener.address;
  }

  /** Accepts no more. */
  async close(): Promise<void> {
    await Promise.all(this.#listeners.splice(0).map((listener) => listener.close()));
  }
}
