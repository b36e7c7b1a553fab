import type { StreamEvents } from "../../client/stream.ts";
import type { Clock } from "../../base/clock.ts";
import type { Conn, ConnHandler } from "../../platform/port.ts";
import type { Frame } from "../../protocol/frame.ts";
import { parseJsonObject } from "../../protocol/json_object.ts";
import { Operation } from "../../protocol/operations.ts";
import { decodeUtf8 } from "../../protocol/utf8.ts";
import { Histogram } from "../checkers/histogram.ts";
import type { KeptMessages } from "../checkers/cursor.ts";
import { type MessageReader, pushReader } from "../checkers/push_body.ts";
import { type Margins, Receipts } from "../checkers/receipts.ts";
import { RoomCursors } from "../checkers/room_cursors.ts";
import type { ClientCounts, ConnectPlan } from "../types.ts";
import { isLogClient, LogObserver } from "./log_observer.ts";
import { ClientState, PUSH, type VirtualClient } from "./virtual_client.ts";

/** Failures that are kept: the first ones, and the last. */
const FAILURES_MAX = 20;

/** How long an answer may take, in milliseconds; that to a heartbeat no longer than to the next. */
const ANSWER_MS_MAX = 10_000;

/** What judges the clients of one process. */
export interface ObserverSettings {
  /** Of this run's pushes. */
  readonly tag: number;
  readonly margins?: Margins;
  /** Told when a client is in a room. */
  readonly joined?: (room: number) => void;
  /** What a room has kept right now; not known where nothing is said. */
  readonly kept?: (room: number) => KeptMessages;
  /** Finds out which messages clients get that keep their places; the run's pushes by default. */
  readonly read?: MessageReader;
  /** How many of the latest messages a client asks for that has no place in a room's log yet. */
  readonly last?: number;
}

/** What the clients of one process are told, and what that says of the server. */
export class ClientObserver implements ConnHandler<VirtualClient>, StreamEvents<VirtualClient> {
  readonly latencies = new Histogram();
  readonly failures: string[] = [];
  readonly counts: { -readonly [Name in keyof ClientCounts]: number } = {
    retries: 0,
    turnedAway: 0,
    lostConnections: 0,
    slowClosed: 0,
    received: 0,
    heartbeatsSent: 0,
    heartbeatsMissed: 0,
    moves: 0,
    movesMissed: 0,
    handovers: 0,
    sentBack: 0,
    published: 0,
    refused: 0,
  };
  /** Of goim's clients. */
  readonly receipts: Receipts;
  /** Of those that keep their places in the logs of their rooms. */
  readonly logs: LogObserver;
  protected plan: ConnectPlan | undefined;
  readonly #joined: (room: number) => void;

  constructor(protected readonly clock: Clock, settings: ObserverSettings) {
    const { tag, margins, joined = () => {}, kept, last, read = pushReader(tag) } = settings;
    this.#joined = joined;
    this.receipts = new Receipts(tag, margins);
    const events = {
      joined,
      missed: (why: string) => {
        this.counts.movesMissed++;
        this.fail(why);
      },
    };
    this.logs = new LogObserver(new RoomCursors(read, kept), clock, events, last);
  }

  open(): void {}

  data(conn: Conn<VirtualClient>, chunk: Uint8Array): void {
    const client = conn.context;
    // The dial has not yet said which client this is, or it was given up.
    if (client === undefined || client.state === ClientState.disconnected) return;
    try {
      client.stream!.push(chunk);
    } catch (error) {
      if (client.retryMs === 0) this.fail(`client ${client.index}: ${(error as Error).message}`);
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
    if (isLogClient(client)) this.logs.closed(client);
    else this.receipts.cut(client.index);
    if (!client.leaving) this.closed(client, wasOpen);
    client.paused = false;
    client.settled();
  }

  /** The server has closed a client, or turned it away. */
  protected closed(client: VirtualClient, wasOpen: boolean): void {
    if (client.retryMs > 0) this.counts.turnedAway++;
    else if (!wasOpen) this.fail(`client ${client.index} was closed on its way in`);
    else if (client.silent) client.closedMs = this.clock.monotonicMs();
    else if (client.wasPaused) this.counts.slowClosed++;
    else {
      this.counts.lostConnections++;
      this.fail(`client ${client.index} was closed by the server`);
    }
  }

  opened(client: VirtualClient): void {
    client.authenticate(isLogClient(client) ? this.logs.begin(client) : undefined);
  }

  closing(client: VirtualClient, code: number): void {
    client.closeCode = code;
    client.conn?.end();
  }

  turnedAway(client: VirtualClient, retryMs: number): void {
    client.retryMs = retryMs;
  }

  write(client: VirtualClient, bytes: Uint8Array): void {
    client.conn?.write(bytes);
  }

  frame(client: VirtualClient, frame: Frame, room: string): void {
    const { operation, sequence, body } = frame;
    switch (operation) {
      case Operation.AuthReply:
        return this.authenticated(client, body);
      case Operation.HeartbeatReply:
        // The answer to an earlier heartbeat comes too late, and that has been counted.
        if (sequence !== client.heartbeats) return;
        client.unansweredMs = 0;
        client.lastAnswerMs = this.clock.monotonicMs();
        return;
      case Operation.DisconnectReply: {
        const { code = 0, retry_ms = 0 } = parseJsonObject(decodeUtf8(body) ?? "") ?? {};
        client.closeCode = Number(code);
        return this.turnedAway(client, Number(retry_ms));
      }
      case Operation.ChangeRoomReply:
        return this.#moved(client, sequence);
      case PUSH:
        return this.pushed(client, frame, room);
    }
    if (!isLogClient(client)) return;
    if (operation === Operation.JoinReply) this.logs.joinAnswered(client, body);
    if (operation === Operation.LeaveReply) this.logs.leaveAnswered(client, body);
    if (operation === Operation.Notice) this.logs.noticed(client, body);
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
      if (isLogClient(client)) this.logs.tick(client, nowMs);
      if (client.silent || nowMs < client.nextHeartbeatMs) continue;
      client.nextHeartbeatMs = nowMs + periodMs;
      this.counts.heartbeatsSent++;
      client.heartbeat(nowMs);
    }
  }

  protected authenticated(client: VirtualClient, body: Uint8Array): void {
    client.state = ClientState.open;
    client.wasPaused = false;
    const nowMs = this.clock.monotonicMs();
    const { heartbeatMs, exact } = this.plan!;
    // Spread over the period, as clients that came at different times are.
    client.nextHeartbeatMs = nowMs + heartbeatMs * ((client.index * 0.618) % 1);
    client.lastAnswerMs = nowMs;
    if (isLogClient(client)) this.logs.authenticated(client, body);
    else this.#join(client, exact && !client.wasAuthenticated);
    client.wasAuthenticated = true;
    client.settled();
  }

  #moved(client: VirtualClient, sequence: number): void {
    if (isLogClient(client)) this.logs.moved(client);
    // The answer to an earlier change is not the one that counts.
    if (sequence !== client.moves) return;
    client.moveMs = 0;
    if (!isLogClient(client)) this.#join(client, false);
  }

  /** @param exact Whether it was there before the first push. */
  #join(client: VirtualClient, exact: boolean): void {
    this.receipts.joined(client.index, client.room, exact, this.clock.wallMs());
    this.#joined(client.room);
  }

  protected pushed(client: VirtualClient, frame: Frame, room: string): void {
    this.counts.received++;
    const nowMs = this.clock.wallMs();
    const { index, wasPaused } = client;
    const latencyMs = isLogClient(client)
      ? this.logs.pushed(client, frame, room, nowMs)
      : this.receipts.received(index, frame.body, nowMs);
    if (latencyMs !== undefined && !wasPaused) this.latencies.add(Math.max(0, latencyMs));
  }
}

function isLate({ wasPaused }: VirtualClient, askedMs: number, latestMs: number): boolean {
  return askedMs > 0 && askedMs <= latestMs && !wasPaused;
}
