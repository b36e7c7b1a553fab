import { alone, list, text } from "../message.ts";
import type { Caller } from "../rpc.ts";
import { answerOf, ask, call, nothing, RpcMethod } from "./calls.ts";

/** What a comet tells a job that watches its rooms, over the same link. */
export interface WatcherApi {
  /** The comet holds these as well; settles when pushes for them will come. */
  add(rooms: readonly string[]): Promise<void>;
  /** The comet no longer holds these. */
  remove(rooms: readonly string[]): Promise<void>;
}

const roomsMessage = alone(list(text));

export const watcherCalls = {
  add: call(
    RpcMethod.addRooms,
    roomsMessage,
    nothing,
    (watcher: WatcherApi, rooms) => watcher.add(rooms),
  ),
  remove: call(
    RpcMethod.removeRooms,
    roomsMessage,
    nothing,
    (watcher: WatcherApi, rooms) => watcher.remove(rooms),
  ),
};

/** Answers a call that is for a job that watches rooms; see {@linkcode answerOf}. */
export const answerWatcher = answerOf(watcherCalls);

/** A job that watches rooms, on the other end of a link. */
export class WatcherClient implements WatcherApi {
  /** @param caller The link over which the job began to watch. */
  constructor(private readonly caller: Caller) {}

  add(rooms: readonly string[]): Promise<void> {
    return ask(this.caller, watcherCalls.add, rooms);
  }

  remove(rooms: readonly string[]): Promise<void> {
    return ask(this.caller, watcherCalls.remove, rooms);
  }
}
