import type { LogicApi } from "../../protocol/cluster/logic_calls.ts";
import type { Channel } from "../channel.ts";
import type { ConnectionManager } from "../connection_manager.ts";
import type { CometCounters } from "../counters.ts";

/** Who may join which room: logic may decide it, and a room may be full. */
export class JoinRules {
  /** Whether a logic has said that it is to be asked before a client joins another room. */
  asksLogic = false;

  constructor(
    private readonly connections: ConnectionManager,
    private readonly logic: LogicApi,
    private readonly counters: CometCounters,
  ) {}

  /**
   * Asks logic whether a client may join a room, and counts it when it may not.
   *
   * @throws {Error} By its promise, when logic cannot be asked.
   */
  async mayJoin(channel: Channel, room: string): Promise<boolean> {
    let isAllowed = false;
    try {
      isAllowed = await this.logic.authorizeJoin({ ...this.connections.refOf(channel), room });
    } finally {
      if (!isAllowed) this.counters.joinsRefused++;
    }
    return isAllowed;
  }

  /** Whether a room takes no more members; who is in it is not to be asked. */
  isFull(roomKey: string): boolean {
    const { membersMax } = this.connections.roomTypes.of(roomKey);
    const room = this.connections.rooms.get(roomKey);
    const isFull = membersMax > 0 && room !== undefined &&
      this.connections.rooms.online(room) >= membersMax;
    if (isFull) this.counters.roomsFull++;
    return isFull;
  }
}
