import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../base/clock.ts";
import type { CloseCode } from "../../protocol/close_codes.ts";
import { CometClient } from "../../protocol/rpc/comet_rpc.ts";
import type { CometApi, Delivery } from "../../protocol/rpc/contract.ts";
import { answerFollower } from "../../protocol/rpc/follower_rpc.ts";
import type { RpcHandler, RpcLink } from "../../protocol/rpc/link.ts";
import { unknownMethod } from "../../protocol/rpc/methods.ts";
import { RpcError } from "../../protocol/rpc/rpc_error.ts";
import { FollowedRooms } from "../followed_rooms.ts";

const log = getLogger(["halley", "job"]);

/** A comet in another process, with the rooms that it holds, over whichever link there is to it. */
export class RemoteComet implements CometApi, RpcHandler {
  readonly #rooms: FollowedRooms;
  #link: RpcLink | undefined;
  #client: CometClient | undefined;

  /** @param server This run of the comet. */
  constructor(readonly server: string, clock: Clock) {
    this.#rooms = new FollowedRooms(
      { follow: () => this.#reach().follow(), refollow: () => this.#reach().refollow() },
      clock,
    );
  }

  /** Whether there is a link to it. */
  get connected(): boolean {
    return this.#link !== undefined;
  }

  /** How many rooms it is known to hold; undefined while it may hold any. */
  get rooms(): number | undefined {
    return this.#rooms.size;
  }

  /** Whether it holds a room, or may. */
  holds(room: string): boolean {
    return this.#rooms.holds(room);
  }

  /** Keeps what is known of its rooms fresh; to be called several times a second. */
  tick(): void {
    this.#rooms.tick();
  }

  /** A comet that has taken over the address of one that is gone gets nothing that is for that. */
  opened(link: RpcLink): void {
    if (link.peer.id !== this.server) {
      log.warn("comet {server} is not where it was, {id} is there", {
        server: this.server,
        id: link.peer.id,
      });
      return link.close();
    }
    this.#link = link;
    this.#client = new CometClient(link);
    this.#rooms.up();
  }

  closed(link: RpcLink): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#client = undefined;
    this.#rooms.down();
  }

  call(_link: RpcLink, method: number, body: Uint8Array): Promise<Uint8Array> {
    const answer = answerFollower(this.#rooms, method, body);
    if (answer === undefined) throw unknownMethod(method);
    return answer;
  }

  async deliver(batch: readonly Delivery[]): Promise<readonly number[]> {
    return await this.#reach().deliver(batch);
  }

  async close(connectionId: number, close: CloseCode): Promise<void> {
    await this.#reach().close(connectionId, close);
  }

  #reach(): CometClient {
    if (this.#client !== undefined) return this.#client;
    throw new RpcError("lost", true, `Cannot reach comet "${this.server}": there is no link to it`);
  }
}
