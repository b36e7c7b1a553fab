import type { CometApi, FollowerApi, RoomsApi } from "../../protocol/rpc/contract.ts";
import { answerComet } from "../../protocol/rpc/comet_rpc.ts";
import { FollowerClient } from "../../protocol/rpc/follower_rpc.ts";
import type { RpcHandler, RpcLink } from "../../protocol/rpc/link.ts";
import { unknownMethod } from "../../protocol/rpc/methods.ts";
import { RpcError } from "../../protocol/rpc/rpc_error.ts";

/** What jobs and logic ask of a comet over a link. */
export interface ServedComet extends CometApi {
  /** Lets a job follow its rooms. */
  follow(job: string, follower: FollowerApi): readonly string[];
  /** Lets a job go on following; false when it has to begin anew. */
  refollow(job: string, follower: FollowerApi): boolean;
}

/** Answers the calls for a comet, on links that it dialled and on those that it accepted. */
export class CometService implements RpcHandler {
  readonly #rooms = new WeakMap<RpcLink, RoomsApi>();

  /** @param comet Who answers; asked for at each call, since links may be there before it is. */
  constructor(private readonly comet: () => ServedComet) {}

  call(link: RpcLink, method: number, body: Uint8Array): Promise<Uint8Array> {
    const answer = answerComet(this.comet(), this.#roomsFor(link), method, body);
    if (answer === undefined) throw unknownMethod(method);
    return answer;
  }

  #roomsFor(link: RpcLink): RoomsApi {
    let rooms = this.#rooms.get(link);
    if (rooms === undefined) this.#rooms.set(link, rooms = new LinkRooms(this.comet(), link));
    return rooms;
  }
}

/** The comet's rooms as the job on one link follows them. */
class LinkRooms implements RoomsApi {
  readonly #follower: FollowerApi;

  constructor(private readonly comet: ServedComet, private readonly link: RpcLink) {
    this.#follower = new FollowerClient(link);
  }

  async follow(): Promise<readonly string[]> {
    return this.comet.follow(this.link.peer.id, this.#follower);
  }

  async refollow(): Promise<void> {
    if (this.comet.refollow(this.link.peer.id, this.#follower)) return;
    throw new RpcError("unavailable", true, "Cannot go on following: too long since the last time");
  }
}
