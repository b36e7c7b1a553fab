/** Whether what clients ask for is answered in time: heartbeats, and changes of rooms. */
import { ClientState, type VirtualClient } from "./virtual_client.ts";
import type { Wire } from "./wire.ts";

/** How long an answer may take, in milliseconds; that to a heartbeat no longer than to the next. */
const ANSWER_MS_MAX = 10_000;

/** Sends the heartbeats of all clients, and checks that each is answered. */
export class Heartbeats {
  sent = 0;
  missed = 0;

  constructor(
    private readonly wire: Pick<Wire, "heartbeat">,
    private readonly fail: (failure: string) => void,
  ) {}

  /**
   * Sends the heartbeats that are due.
   *
   * @param periodMs Between two heartbeats of a client.
   */
  tick(clients: readonly VirtualClient[], nowMs: number, periodMs: number): void {
    const answerMs = Math.min(ANSWER_MS_MAX, periodMs);
    for (const client of clients) {
      if (client.state !== ClientState.open) continue;
      this.#checkAnswer(client, nowMs - answerMs);
      if (client.silent || nowMs < client.nextHeartbeatMs) continue;
      client.nextHeartbeatMs = nowMs + periodMs;
      client.lastHeartbeatMs = client.unansweredMs = nowMs;
      client.heartbeats++;
      this.sent++;
      this.wire.heartbeat(client);
    }
  }

  #checkAnswer(client: VirtualClient, latestMs: number): void {
    if (client.unansweredMs === 0 || client.unansweredMs > latestMs || client.wasPaused) return;
    this.missed++;
    this.fail(`client ${client.index} got no answer to its heartbeat in time`);
    client.unansweredMs = 0;
  }
}

/** Checks that each change of rooms is answered. */
export class RoomMoves {
  asked = 0;
  missed = 0;

  constructor(private readonly fail: (failure: string) => void) {}

  /** A client asks for another room. */
  begin(client: VirtualClient, nowMs: number): void {
    this.asked++;
    client.moves++;
    client.moveMs = nowMs;
  }

  /** Counts those that have waited too long. */
  tick(clients: readonly VirtualClient[], nowMs: number): void {
    for (const client of clients) {
      const { moveMs, state, wasPaused } = client;
      if (moveMs === 0 || moveMs > nowMs - ANSWER_MS_MAX || wasPaused) continue;
      client.moveMs = 0;
      if (state !== ClientState.open) continue;
      this.missed++;
      this.fail(`client ${client.index} got no answer to its change of rooms`);
    }
  }
}
