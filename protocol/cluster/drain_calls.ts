import { int32, Message } from "../message.ts";
import { type Calls, nothing, RpcMethod } from "./calls.ts";

/** A comet that sends its clients on. */
export interface Draining {
  /** Connections that are left. */
  readonly connections: number;
}

/** What logic asks of the process of a comet. */
export interface DrainApi {
  /** Begins to send the clients to other comets, and to end then; says how many are left. */
  drain(): Promise<Draining>;
  /**
   * Has the comet ask other logics than this one. It answers when there is another, or has not come
   * for a while; where there is one, it asks this one nothing more once it has answered.
   */
  leave(): Promise<void>;
}

export const drainCalls: Calls<DrainApi> = {
  drain: [RpcMethod.drain, nothing, new Message<Draining>({ connections: [1, int32, 0] })],
  leave: [RpcMethod.leave, nothing, nothing],
};
