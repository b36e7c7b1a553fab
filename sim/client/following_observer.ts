import { type Clock, sleep } from "../../base/clock.ts";
import { decodeBody, type Notice } from "../../client/rooms.ts";
import type { Conn, Streams } from "../../platform/port.ts";
import { CloseCodes } from "../../protocol/close_codes.ts";
import type { Frame } from "../../protocol/frame.ts";
import { Operation } from "../../protocol/operations.ts";
import { ClientObserver, type ObserverSettings } from "./client_observer.ts";
import { Connector } from "./connector.ts";
import { isLogClient } from "./log_observer.ts";
import { ClientState, type VirtualClient } from "./virtual_client.ts";

/** Within how long those come back that a server has closed, each at its time, in milliseconds. */
const COME_BACK_MS = 500;

/**
 * Has clients that follow go where servers send them, as the client library does: a successor
 * connects elsewhere, and the old connection is kept until that is in. What comes over the old one
 * counts until the successor has asked for what comes next. A client that is closed comes back.
 */
export class FollowingObserver extends ClientObserver {
  protected readonly connector: Connector;
  protected readonly clients: VirtualClient[] = [];

  constructor(streams: Streams, clock: Clock, settings: ObserverSettings) {
    super(clock, settings);
    this.connector = new Connector(streams, clock, this);
  }

  override opened(client: VirtualClient): void {
    const { predecessor } = client;
    if (predecessor !== undefined) {
      predecessor.isRetired = true;
      predecessor.state = ClientState.disconnected;
      if (isLogClient(client)) this.logs.handedOver(client);
    }
    super.opened(client);
  }

  override close(conn: Conn<VirtualClient>): void {
    if (!conn.context?.isRetired) super.close(conn);
  }

  override frame(client: VirtualClient, frame: Frame, room: string): void {
    if (client.follows && frame.operation === Operation.Notice) {
      const { type, delay_ms = 0 } = decodeBody<Notice>(frame.body);
      if (type === "moving") return void this.#move(client, delay_ms);
    }
    super.frame(client, frame, room);
  }

  protected override authenticated(client: VirtualClient, body: Uint8Array): void {
    const { predecessor } = client;
    if (predecessor !== undefined) {
      client.predecessor = undefined;
      this.clients[this.clients.indexOf(predecessor)] = client;
      predecessor.conn?.evict();
      this.counts.handovers++;
    }
    super.authenticated(client, body);
  }

  protected override closed(client: VirtualClient, wasOpen: boolean): void {
    if (!client.follows || client.retryMs > 0) return super.closed(client, wasOpen);
    const { index, closeCode } = client;
    if (closeCode === CloseCodes.goingAway.code) this.counts.sentBack++;
    else {
      this.counts.lostConnections++;
      this.fail(`client ${index} was closed by the server, code ${closeCode || "unknown"}`);
    }
    // One on its way in is tried again by who has begun it.
    if (wasOpen) void this.#comeBack(client);
  }

  async #move(client: VirtualClient, delayMs: number): Promise<void> {
    const { conn } = client;
    await sleep(this.clock, delayMs);
    // It has another connection now, or was told twice.
    if (client.conn !== conn || client.leaving || client.successor !== undefined) return;
    await this.#bringIn(client.succeed());
  }

  async #comeBack(client: VirtualClient): Promise<void> {
    if (client.successor !== undefined) return;
    await sleep(this.clock, COME_BACK_MS * ((client.index * 0.618) % 1));
    await this.#bringIn(client);
  }

  /** Connects a client until it is in, however often that fails. */
  async #bringIn(client: VirtualClient): Promise<void> {
    while (!client.leaving && client.state === ClientState.disconnected) {
      await this.connector.connect(client);
    }
  }
}
