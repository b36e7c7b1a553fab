import type { Clock } from "../../base/clock.ts";
import { Histogram } from "../checkers/histogram.ts";
import { type Margins, Receipts } from "../checkers/receipts.ts";
import type { ConnectPlan } from "../types.ts";
import { ClientState, type VirtualClient } from "./virtual_client.ts";
import type { ClientEvents } from "./wire.ts";

/** Failures that are kept: the first ones, and the last. */
const FAILURES_MAX = 20;

/** What the clients of one process are told, and what that says of the server. */
export class ClientObserver implements ClientEvents {
  readonly latencies = new Histogram();
  readonly failures: string[] = [];
  received = 0;
  lostConnections = 0;
  slowClosed = 0;
  readonly receipts: Receipts;
  protected plan: ConnectPlan | undefined;

  /**
   * @param tag Of this run's pushes.
   * @param joined Told when a client is in a room.
   */
  constructor(
    protected readonly clock: Clock,
    tag: number,
    margins?: Margins,
    private readonly joined: (room: number) => void = () => {},
  ) {
    this.receipts = new Receipts(tag, margins);
  }

  pushed(client: VirtualClient, body: Uint8Array): void {
    this.received++;
    const nowMs = this.clock.wallMs();
    const latencyMs = this.receipts.received(client.index, body, nowMs);
    if (latencyMs !== undefined && !client.wasPaused) this.latencies.add(Math.max(0, latencyMs));
  }

  heartbeatAnswered(client: VirtualClient, sequence: number): void {
    // The answer to an earlier heartbeat comes too late, and that has been counted.
    if (sequence !== client.heartbeats) return;
    client.unansweredMs = 0;
    client.lastAnswerMs = this.clock.monotonicMs();
  }

  roomChanged(client: VirtualClient, sequence: number): void {
    // The answer to an earlier change is not the one that counts.
    if (sequence !== client.moves) return;
    client.moveMs = 0;
    this.receipts.joined(client.index, client.room, false, this.clock.wallMs());
    this.joined(client.room);
  }

  authenticated(client: VirtualClient): void {
    client.state = ClientState.open;
    client.wasPaused = false;
    const nowMs = this.clock.monotonicMs();
    const { heartbeatMs, exact } = this.plan!;
    // Spread over the period, as clients that came at different times are.
    client.nextHeartbeatMs = nowMs + heartbeatMs * ((client.index * 0.618) % 1);
    client.lastAnswerMs = nowMs;
    this.receipts.joined(
      client.index,
      client.room,
      exact && !client.wasAuthenticated,
      this.clock.wallMs(),
    );
    client.wasAuthenticated = true;
    this.joined(client.room);
  }

  broke(client: VirtualClient, error: Error): void {
    this.fail(`client ${client.index}: ${error.message}`);
  }

  closed(client: VirtualClient): void {
    const wasOpen = client.state === ClientState.open;
    const nowMs = this.clock.monotonicMs();
    client.conn = undefined;
    client.state = ClientState.disconnected;
    client.unansweredMs = client.moveMs = 0;
    this.receipts.cut(client.index);
    if (!wasOpen && !client.leaving) this.fail(`client ${client.index} was closed on its way in`);
    if (wasOpen && !client.leaving) {
      if (client.silent) client.closedMs = nowMs;
      else if (client.wasPaused) this.slowClosed++;
      else {
        this.lostConnections++;
        this.fail(`client ${client.index} was closed by the server`);
      }
    }
    client.paused = false;
  }

  /** Keeps what went wrong. */
  protected fail(failure: string): void {
    if (this.failures.length === FAILURES_MAX) this.failures.pop();
    this.failures.push(failure);
  }
}
