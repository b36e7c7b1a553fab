import { answerComet, type RoomInterestApi } from "../../protocol/cluster/comet_calls.ts";
import { type WatcherApi, watcherCalls } from "../../protocol/cluster/watcher_calls.ts";
import type { RpcHandler, RpcLink } from "../../rpc/link.ts";
import { clientOf, unknownMethod } from "../../protocol/cluster/calls.ts";
import { RpcError } from "../../protocol/rpc.ts";
import type { Comet } from "../comet.ts";
import type { RoomInterest } from "../room_interest.ts";

/** Answers the calls for a comet, on links that it dialled and on those that it accepted. */
export class CometService implements RpcHandler {
  readonly #rooms = new WeakMap<RpcLink, RoomInterestApi>();

  /** @param comet Who answers; asked for at each call, since links may be there before it is. */
  constructor(private readonly comet: () => Comet) {}

  /**
   * Jobs dial this comet, and one that has just come or gone may have given up pushes that were for
   * it, with nobody left to say so. They are in the store.
   */
  opened(): void {
    this.comet().logs.verify();
  }

  closed(): void {
    this.comet().logs.verify();
  }

  call(link: RpcLink, method: number, body: Uint8Array): Promise<Uint8Array> {
    const comet = this.comet();
    const answer = answerComet(comet, comet.control, this.#roomsFor(link), method, body);
    if (answer === undefined) throw unknownMethod(method);
    return answer;
  }

  #roomsFor(link: RpcLink): RoomInterestApi {
    let rooms = this.#rooms.get(link);
    if (rooms === undefined) {
      this.#rooms.set(link, rooms = new LinkRoomInterest(this.comet().interest, link));
    }
    return rooms;
  }
}

/** The comet's rooms as the job on one link watches them. */
class LinkRoomInterest implements RoomInterestApi {
  readonly #watcher: WatcherApi;

  constructor(private readonly interest: RoomInterest, private readonly link: RpcLink) {
    this.#watcher = clientOf(watcherCalls, link);
  }

  async watch(): Promise<readonly string[]> {
    return this.interest.watch(this.link.peer.id, this.#watcher);
  }

  async renewWatch(): Promise<void> {
    if (this.interest.renewWatch(this.link.peer.id, this.#watcher)) return;
    throw new RpcError("unavailable", true, "Cannot go on watching: too long since the last time");
  }
}
