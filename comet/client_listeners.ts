import type { Address, Listener, Streams } from "../platform/port.ts";
import { Limits } from "../protocol/limits.ts";
import type { ListenerOptions } from "./options.ts";
import { Handlers } from "./transport/handlers.ts";
import type { TransportDependencies } from "./transport/transport.ts";

/** The ports on which clients come in. */
export class ClientListeners {
  readonly #handlers: Handlers;
  readonly #listeners: Listener[] = [];

  constructor(
    private readonly streams: Streams,
    private readonly dependencies: TransportDependencies,
  ) {
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
    const listener = await this.streams.listen({
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
