import { roomKey } from "../protocol/room_key.ts";
import type { Cluster, ClusterView } from "./cluster.ts";

/** A room and how many are in it, as the HTTP API says it. */
export interface RoomCount {
  /** The room among its type, without the type. */
  readonly room_id: string;
  readonly count: number;
}

/** How many are online, over all comets, as the HTTP API says it. */
export interface OnlineTotal {
  readonly conn_count: number;
  /** Distinct client addresses, counted on each comet. */
  readonly ip_count: number;
}

/** Answers who is online, from the latest reports. */
export class Online {
  constructor(private readonly cluster: Cluster) {}

  /** See {@linkcode Cluster.view}. */
  view(): Promise<ClusterView> {
    return this.cluster.view();
  }

  /** The largest rooms of a type, largest first; at most `limit`. */
  async top(type: string, limit: number): Promise<readonly RoomCount[]> {
    const { rooms } = await this.cluster.view();
    const prefix = roomKey(type, "");
    const counts: RoomCount[] = [];
    for (const [key, count] of rooms) {
      if (key.startsWith(prefix)) counts.push({ room_id: key.slice(prefix.length), count });
    }
    return counts.sort((a, b) => b.count - a.count).slice(0, limit);
  }

  /** Members of rooms of a type, 0 for those that nobody is in. */
  async room(type: string, rooms: readonly string[]): Promise<Readonly<Record<string, number>>> {
    const view = await this.cluster.view();
    return Object.fromEntries(
      rooms.map((room) => [room, view.rooms.get(roomKey(type, room)) ?? 0]),
    );
  }

  async total(): Promise<OnlineTotal> {
    const { connections, clientAddresses } = await this.cluster.view();
    return { conn_count: connections, ip_count: clientAddresses };
  }
}
