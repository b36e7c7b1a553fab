import type { ClientStream } from "../../client/stream.ts";
import type { Conn } from "../../platform/port.ts";
import { parseClientAddress } from "../client_address.ts";
import type { ConnectPlan } from "../types.ts";

/** How far a client has come. */
export const ClientState = {
  /** Not connected, and not to be for now. */
  disconnected: 0,
  connecting: 1,
  upgrading: 2,
  authenticating: 3,
  open: 4,
} as const;
export type ClientState = typeof ClientState[keyof typeof ClientState];

/** One virtual client. There are very many: every field counts. */
export class VirtualClient {
  state: ClientState = ClientState.disconnected;
  conn: Conn<VirtualClient> | undefined = undefined;
  /** What speaks over `conn`. */
  stream: ClientStream<VirtualClient> | undefined = undefined;
  /** Index of the room that it is in, or on its way to. */
  room = 0;
  /** When its next heartbeat is due, and when one went out that is not answered; monotonic; 0 = none. */
  nextHeartbeatMs = 0;
  unansweredMs = 0;
  /** When its last heartbeat went out, or it began to connect; and when that was answered. */
  lastHeartbeatMs = 0;
  lastAnswerMs = 0;
  /** Heartbeats so far: the sequence of the last. */
  heartbeats = 0;
  /** When it asked for another room and has no answer yet; monotonic; 0 = it did not. */
  moveMs = 0;
  /** Changes of rooms so far: the sequence of the last. */
  moves = 0;
  silent = false;
  /** When the server closed it after it had fallen silent. */
  closedMs = 0;
  /** Whether it disconnects by itself. */
  leaving = false;
  paused = false;
  /** Whether it has not read for a while: that it gets something late, or never, is its own doing. */
  wasPaused = false;
  /** Whether it has been authenticated before. */
  wasAuthenticated = false;
  /** Whether the connector is at work for it. */
  isConnecting = false;

  /**
   * @param index Among all clients of the run.
   * @param host Where it connects.
   * @param isWebSocket Over which transport.
   */
  constructor(
    readonly index: number,
    readonly host: string,
    readonly port: number,
    readonly isWebSocket: boolean,
  ) {}
}

/** One of the clients of a plan, in its room and not yet connected. */
export function newClient(plan: ConnectPlan, at: number): VirtualClient {
  const index = plan.first + at;
  const { transport, host, port } = parseClientAddress(plan.targets[index % plan.targets.length])!;
  const client = new VirtualClient(index, host, port, transport === "ws");
  client.room = index % plan.rooms;
  return client;
}

/** Whether a client waits for an answer to what it asked for at some time or before. */
export function waitsSince(client: VirtualClient, atMs: number): boolean {
  const { state, wasPaused, unansweredMs, moveMs } = client;
  const waits = (askedMs: number) => askedMs > 0 && askedMs <= atMs;
  return state === ClientState.open && !wasPaused && (waits(unansweredMs) || waits(moveMs));
}
