import { type Clock, nextTurn } from "../base/clock.ts";
import type {
  CloseRequest,
  CloseRoomRequest,
  CometControl,
} from "../protocol/cluster/comet_calls.ts";
import type { ConnectionManager } from "./connection_manager.ts";

/** Connections that are looked at before the event loop gets a turn. */
const LOOKS_PER_TURN = 8_192;

/** As how many of these the close of one counts: it is a write, and a call to logic. */
const LOOKS_PER_CLOSE = 128;

/** Does with a comet's clients what logic asks for. */
export class ClientControl implements CometControl {
  constructor(
    private readonly connections: Pick<ConnectionManager, "channels" | "rooms" | "close">,
    private readonly clock: Pick<Clock, "nextTurn">,
  ) {}

  async close({ connectionId, close }: CloseRequest): Promise<void> {
    const channel = this.connections.channels.byId(connectionId);
    if (channel !== undefined) this.connections.close(channel, close);
  }

  /**
   * Walks the table of all connections: a room's array lacks members that are behind in its log. Who
   * joins behind the walk's place stays.
   */
  async closeRoom({ room, close }: CloseRoomRequest): Promise<number> {
    const { channels, rooms } = this.connections;
    let closed = 0;
    let looks = 0;
    for (let slot = 0; slot < channels.slots && rooms.get(room) !== undefined; slot++) {
      const channel = channels.at(slot);
      if (channel?.isIn(room)) {
        this.connections.close(channel, close);
        closed++;
        looks += LOOKS_PER_CLOSE;
      }
      if (++looks < LOOKS_PER_TURN) continue;
      looks = 0;
      await nextTurn(this.clock);
    }
    return closed;
  }
}
