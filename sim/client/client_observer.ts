import type { StreamEvents } from "../../client/stream.ts";
import type { Clock } from "../../base/clock.ts";
import type { Conn, ConnHandler } from "../../platform/port.ts";
import type { Frame } from "../../protocol/frame.ts";
import { Operation } from "../../protocol/operations.ts";
import { Histogram } from "../checkers/histogram.ts";
import { type Margins, Receipts } from "../checkers/receipts.ts";
import type { ClientCounts, ConnectPlan } from "../types.ts";
import { ClientState, PUSH, type VirtualClient } from "./virtual_client.ts";

/** Failures that are kept: the first ones, and the last. */
const FAILURES_MAX = 20;

/** How long an answer may take, in milliseconds; that to a heartbeat no longer than to the next. */
const ANSWER_MS_MAX = 10_000;

/** What the clients of one process are told, and what that says of the server. */
export class ClientObserver implements ConnHandler<VirtualClient>, StreamEvents<VirtualClient> {
  readonly latencies = new Histogram();
  readonly failures: string[] = [];
  readonly counts: { -readonly [Name in keyof ClientCounts]: number } = {
    retries: 0,
    lostConnections: 0,
    slowClosed: 0,
    received: 0,
    heartbeatsSent: 0,
    heartbeatsMissed: 0,
    moves: 0,
    movesMissed: 0,
  };
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

  open(): void {}

  data(conn: Conn<VirtualClient>, chunk: Uint8Array): void {
    const client = conn.context;
    // The dial has not yet said which client this is, or it was given up.
    if (client === undefined || client.state === ClientState.disconnected) return;
    try {
      client.stream!.push(chunk);
    } catch (error) {
      this.fail(`client ${client.index}: ${(error as Error).message}`);
      conn.evict();
    }
  }

  drain(): void {}

  end(conn: Conn<VirtualClient>): void {
    conn.end();
  }

  close(conn: Conn<VirtualClient>): void {
    const client = conn.context;
    // One that the client has given up already is nothing to it.
    if (client?.conn !== conn) return;
    const wasOpen = client.state === ClientState.open;
    client.conn = undefined;
    client.state = ClientState.disconnected;
    client.unansweredMs = client.moveMs = 0;
    this.receipts.cut(client.index);
    if (!client.leaving) {
      if (!wasOpen) this.fail(`client ${client.index} was closed on its way in`);
      else if (client.silent) client.closedMs = this.clock.monotonicMs();
      else if (client.wasPaused) this.counts.slowClosed++;
      else {
        this.counts.lostConnections++;
        this.fail(`client ${client.index} was closed by the server`);
      }
    }
    client.paused = false;
  }

  opened(client: VirtualClient): void {
    client.authenticate();
  }

  closing(client: VirtualClient): void {
    client.conn?.end();
  }

  write(client: VirtualClient, bytes: Uint8Array): void {
    client.conn?.write(bytes);
  }

  frame(client: VirtualClient, { operation, sequence, body }: Frame): void {
    switch (operation) {
      case Operation.AuthReply:
        return this.#authenticated(client);
      case Operation.HeartbeatReply:
        // The answer to an earlier heartbeat comes too late, and that has been counted.
        if (sequence !== client.heartbeats) return;
        client.unansweredMs = 0;
        client.lastAnswerMs = this.clock.monotonicMs();
        return;
      case Operation.ChangeRoomReply:
        // The answer to an earlier change is not the one that counts.
        if (sequence !== client.moves) return;
        client.moveMs = 0;
        return this.#join(client, false);
      case PUSH:
        return this.#pushed(client, body);
    }
  }

  fail(failure: string): void {
    if (this.failures.length === FAILURES_MAX) this.failures.pop();
    this.failures.push(failure);
  }

  /** Sends the heartbeats that are due, and counts what was not answered in time. */
  protected beat(clients: readonly VirtualClient[], nowMs: number, periodMs: number): void {
    const answerMs = Math.min(ANSWER_MS_MAX, periodMs);
    for (const client of clients) {
      if (client.state !== ClientState.open) continue;
      if (isLate(client, client.unansweredMs, nowMs - answerMs)) {
        client.unansweredMs = 0;
        this.counts.heartbeatsMissed++;
        this.fail(`client ${client.index} got no answer to its heartbeat in time`);
      }
      if (isLate(client, client.moveMs, nowMs - ANSWER_MS_MAX)) {
        client.moveMs = 0;
        this.counts.movesMissed++;
        this.fail(`client ${client.index} got no answer to its change of rooms`);
      }
      if (client.silent || nowMs < client.nextHeartbeatMs) continue;
      client.nextHeartbeatMs = nowMs + periodMs;
      this.counts.heartbeatsSent++;
      client.heartbeat(nowMs);
    }
  }

  #authenticated(client: VirtualClient): void {
    client.state = ClientState.open;
    client.wasPaused = false;
    const nowMs = this.clock.monotonicMs();
    const { heartbeatMs, exact } = this.plan!;
    // Spread over the period, as clients that came at different times are.
    client.nextHeartbeatMs = nowMs + heartbeatMs * ((client.index * 0.618) % 1);
    client.lastAnswerMs = nowMs;
    this.#join(client, exact && !client.wasAuthenticated);
    client.wasAuthenticated = true;
  }

  /** @param exact Whether it was there before the first push. */
  #join(client: VirtualClient, exact: boolean): void {
    this.receipts.joined(client.index, client.room, exact, this.clock.wallMs());
    this.joined(client.room);
  }

  #pushed(client: VirtualClient, body: Uint8Array): void {
    this.counts.received++;
    const latencyMs = this.receipts.received(client.index, body, this.clock.wallMs());
    if (latencyMs !== undefined && !client.wasPaused) this.latencies.add(Math.max(0, latencyMs));
  }
}

function isLate({ wasPaused }: VirtualClient, askedMs: number, latestMs: number): boolean {
  return askedMs > 0 && askedMs <= latestMs && !wasPaused;
}
