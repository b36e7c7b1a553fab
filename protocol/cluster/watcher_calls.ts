import { alone, list, text } from "../message.ts";
import { type Answerer, answerOf, type Calls, nothing, RpcMethod } from "./calls.ts";

/** What a comet tells a job that watches its rooms, over the same link. */
export interface WatcherApi {
  /** The comet holds these as well; settles when pushes for them will come. */
  add(rooms: readonly string[]): Promise<void>;
  /** The comet no longer holds these. */
  remove(rooms: readonly string[]): Promise<void>;
}

const roomsMessage = alone(list(text));

export const watcherCalls: Calls<WatcherApi> = {
  add: [RpcMethod.addRooms, roomsMessage, nothing],
  remove: [RpcMethod.removeRooms, roomsMessage, nothing],
};

/** Answers a call that is for a job that watches rooms; see {@linkcode answerOf}. */
export const answerWatcher: Answerer<WatcherApi> = answerOf(watcherCalls);
