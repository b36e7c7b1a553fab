import type { Clock } from "../../base/clock.ts";
import type { LogicApi } from "../../protocol/cluster/logic_calls.ts";
import type { Channel } from "../channel.ts";
import type { ConnectionManager } from "../connection_manager.ts";
import type { CometCounters } from "../counters.ts";
import { BURST_MS } from "../options.ts";
import { mayJoin } from "../permissions.ts";
import { ChannelLimit } from "./channel_limit.ts";

/**
 * Who may join which room: its identity says so, logic may decide it, a room may be full, and nobody
 * joins without end.
 */
export class JoinRules {
  /** Whether a logic has said that it is to be asked before a client joins another room. */
  asksLogic = false;
  /** How often a connection may join a room, change to one, or ask for a room's history. */
  readonly limit: ChannelLimit;

  constructor(
    private readonly connections: ConnectionManager,
    private readonly logic: LogicApi,
    private readonly counters: CometCounters,
    clock: Clock,
  ) {
    this.limit = new ChannelLimit(clock, {
      what: "joins",
      used: "joinedUntilMs",
      rate: () => {
        const { joinsMax: perSecond } = connections.options;
        return { perSecond, burst: perSecond * BURST_MS / 1_000 };
      },
      refused: () => counters.joinsTooMany++,
    });
  }

  /** Whether a client's identity lets it into a room; counts it when it does not. */
  allows(channel: Channel, room: string): boolean {
    const isAllowed = mayJoin(channel, room);
    if (!isAllowed) this.counters.joinsRefused++;
    return isAllowed;
  }

  /**
   * Whether a client may join a room or read it; logic is asked where it decides that. Counts it when
   * the client may not.
   *
   * @throws {Error} By its promise, when logic cannot be asked.
   */
  async mayJoin(channel: Channel, room: string): Promise<boolean> {
    if (!this.allows(channel, room)) return false;
    if (!this.asksLogic) return true;
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
