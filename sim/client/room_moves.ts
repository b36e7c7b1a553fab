import { ClientState, type VirtualClient } from "./virtual_client.ts";

/** How long an answer may take, in milliseconds. */
const ANSWER_MS = 10_000;

/** Looks whether each change of rooms is answered. */
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
      if (moveMs === 0 || moveMs > nowMs - ANSWER_MS || wasPaused) continue;
      client.moveMs = 0;
      if (state !== ClientState.open) continue;
      this.missed++;
      this.fail(`client ${client.index} got no answer to its change of rooms`);
    }
  }
}
