import type { SessionLimits } from "../drivers/ports.ts";
import type { RoomOptions } from "../protocol/room_options.ts";
import type { AuthOptions } from "./auth/auth.ts";
import { nodesDefaults, type NodesOptions } from "./nodes.ts";
import type { WebhookOptions } from "./webhook/client.ts";

/** What an operator decides about logic. */
export interface LogicOptions {
  readonly limits: SessionLimits;
  readonly nodes: NodesOptions;
  /** What holds for rooms of some types. */
  readonly rooms: readonly RoomOptions[];
  /** Most messages of one user to rooms per second, over all comets; 0 for any number. */
  readonly publishMidRate: number;
  /** How many of these may come at once after silence. */
  readonly publishMidBurst: number;
  /** How clients say who they are, where the application has no hook for that. */
  readonly auth: AuthOptions;
  /** Where the application is asked about messages to rooms, if it is over HTTP. */
  readonly webhook?: WebhookOptions;
  /** How long a hook's promise may take, in milliseconds. */
  readonly hookMs: number;
  /** How long a comet waits before it opens, in milliseconds; see {@linkcode Registered}. */
  readonly openAfterMs: number;
}

/** Options that hold where none are given. */
export const logicDefaults: LogicOptions = {
  limits: { perMidMax: 16, perKeyMax: 4, whenFull: "close-oldest" },
  nodes: nodesDefaults,
  rooms: [],
  auth: { mode: "goim" },
  publishMidRate: 10,
  publishMidBurst: 20,
  hookMs: 2_000,
  openAfterMs: 0,
};
