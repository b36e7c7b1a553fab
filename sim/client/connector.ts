import { type Clock, sleep } from "../../base/clock.ts";
import { Semaphore } from "../../base/semaphore.ts";
import type { Conn, ConnHandler, Streams } from "../../platform/port.ts";
import type { ClientObserver } from "./client_observer.ts";
import { ClientState, type VirtualClient } from "./virtual_client.ts";

/** How often a client tries to connect. */
const TRIES = 5;

/** How long one try may take, in milliseconds. */
const TRY_MS = 15_000;

/** Wait before the next try, in milliseconds; longer with each. */
const RETRY_MS = 250;

/** How often a client may be turned away, which is no try. */
const TURNED_AWAY_MAX = 100;

/** Connections that may be on their way at a time. */
const DIALS_MAX = 500;

/** A client's connection, which the server may close, and say why, before the dial has settled. */
class Dialled implements ConnHandler<VirtualClient> {
  constructor(private readonly client: VirtualClient, private readonly observer: ClientObserver) {}

  open(conn: Conn<VirtualClient>): void {
    if (this.client.leaving) return;
    conn.context = this.client;
    this.client.conn = conn;
    this.client.begin(this.observer);
  }

  data(conn: Conn<VirtualClient>, chunk: Uint8Array): void {
    this.observer.data(conn, chunk);
  }

  drain(): void {}

  end(conn: Conn<VirtualClient>): void {
    this.observer.end(conn);
  }

  close(conn: Conn<VirtualClient>): void {
    this.observer.close(conn);
  }
}

/** Connects clients until they are authenticated. */
export class Connector {
  readonly #dials = new Semaphore(DIALS_MAX, Infinity);

  constructor(
    private readonly streams: Streams,
    private readonly clock: Clock,
    private readonly observer: ClientObserver,
  ) {}

  /** Whether no more clients should connect for now. */
  get isSaturated(): boolean {
    return this.#dials.isFull;
  }

  /** Tries until it works, or too often. */
  async connect(client: VirtualClient): Promise<void> {
    if (client.isConnecting) return;
    client.isConnecting = true;
    client.leaving = false;
    let [tries, turnedAway] = [1, 0];
    while (!await this.#try(client) && !client.leaving) {
      const { retryMs } = client;
      if (retryMs > 0 ? ++turnedAway > TURNED_AWAY_MAX : ++tries > TRIES) break;
      if (retryMs === 0) this.observer.counts.retries++;
      await sleep(this.clock, retryMs || RETRY_MS * (tries - 1));
    }
    client.isConnecting = false;
  }

  async #try(client: VirtualClient): Promise<boolean> {
    client.state = ClientState.connecting;
    client.retryMs = 0;
    client.lastHeartbeatMs = this.clock.monotonicMs();
    return await this.#dial(client) && await this.#isAuthenticated(client);
  }

  async #dial(client: VirtualClient): Promise<boolean> {
    await this.#dials.acquire();
    try {
      const { hostname, port } = client;
      const handler = new Dialled(client, this.observer);
      const options = { hostname, port, pendingBytesMax: 64 * 1024, handler };
      const conn = await this.streams.dial<VirtualClient>(options);
      if (!client.leaving) return true;
      client.state = ClientState.disconnected;
      conn.evict();
      return false;
    } catch (error) {
      client.state = ClientState.disconnected;
      if (client.follows) client.aimElsewhere();
      this.observer.fail(`client ${client.index}: ${(error as Error).message}`);
      return false;
    } finally {
      this.#dials.release();
    }
  }

  /** Waits until the server has authenticated it, or has not. */
  async #isAuthenticated(client: VirtualClient): Promise<boolean> {
    if (client.state === ClientState.connecting) {
      const { promise, resolve } = Promise.withResolvers<void>();
      client.settled = resolve;
      const timer = this.clock.setTimeout(resolve, TRY_MS);
      await promise;
      this.clock.cancel(timer);
    }
    if (client.state !== ClientState.connecting) return client.state === ClientState.open;
    this.observer.fail(`client ${client.index} was not let in within ${TRY_MS / 1_000} s`);
    client.conn?.evict();
    return false;
  }
}
