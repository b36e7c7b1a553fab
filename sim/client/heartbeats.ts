import { ClientState, type VirtualClient } from "./virtual_client.ts";
import type { Wire } from "./wire.ts";

/** How long an answer may take at most, in milliseconds; never longer than to the next beat. */
const ANSWER_MS_MAX = 10_000;

/** Beats for all clients, and looks whether each beat is answered. */
export class Heartbeats {
  sent = 0;
  missed = 0;

  constructor(
    private readonly wire: Pick<Wire, "heartbeat">,
    private readonly fail: (failure: string) => void,
  ) {}

  /**
   * Lets those beat whose time has come.
   *
   * @param periodMs Between two beats of a client.
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

/**
 * A client's heartbeat was answered.
 *
 * @param sequence Of the beat that is answered.
 */
export function heartbeatAnswered(client: VirtualClient, sequence: number, nowMs: number): void {
  // The answer to an earlier beat comes too late, and that has been counted.
  if (sequence !== client.heartbeats) return;
  client.unansweredMs = 0;
  client.lastAnswerMs = nowMs;
}
