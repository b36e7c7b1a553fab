import { getLogger } from "@logtape/logtape";
import type { Clock, TimerHandle } from "../../base/clock.ts";
import {
  type CometApi,
  cometCalls,
  roomInterestCalls,
  WATCH_MS,
} from "../../protocol/cluster/comet_calls.ts";
import { type Delivery, LOG_VERSION, withoutLogs } from "../../protocol/cluster/delivery.ts";
import { answerWatcher } from "../../protocol/cluster/watcher_calls.ts";
import type { RpcHandler, RpcLink } from "../../rpc/link.ts";
import { clientOf, unknownMethod } from "../../protocol/cluster/calls.ts";
import { type Caller, RpcError } from "../../protocol/rpc.ts";
import type { CometDirectory } from "../comet_directory.ts";
import { RemoteRoomInterest } from "../remote_room_interest.ts";

const log = getLogger(["halley", "job"]);

/** A comet in another process, with the rooms that it holds, over whichever link there is to it. */
export class RemoteComet implements CometApi, RpcHandler {
  readonly #deliver: CometApi["deliver"];
  readonly #rooms: RemoteRoomInterest;
  #link: RpcLink | undefined;

  /** @param server This run of the comet. */
  constructor(readonly server: string, clock: Clock) {
    const lost = `Cannot reach comet "${server}": there is no link to it`;
    const caller: Caller = {
      call: (method, body) =>
        this.#link?.call(method, body) ?? Promise.reject(new RpcError("lost", true, lost)),
    };
    this.#rooms = new RemoteRoomInterest(clientOf(roomInterestCalls, caller), clock);
    ({ deliver: this.#deliver } = clientOf(cometCalls, caller));
  }

  deliver(batch: readonly Delivery[]): Promise<readonly number[]> {
    const isEarlier = this.#link !== undefined && this.#link.version < LOG_VERSION;
    return this.#deliver(isEarlier ? withoutLogs(batch) : batch);
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
    return this.#rooms.has(room);
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
    this.#rooms.up();
  }

  closed(link: RpcLink): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#rooms.down();
  }

  call(_link: RpcLink, method: number, body: Uint8Array): Promise<Uint8Array> {
    const answer = answerWatcher(this.#rooms, method, body);
    if (answer === undefined) throw unknownMethod(method);
    return answer;
  }
}

/** Comets in other processes. Its owner says who is there and which links there are. */
export class RemoteComets implements CometDirectory {
  readonly #comets = new Map<string, RemoteComet>();
  #timer: TimerHandle | undefined;

  constructor(private readonly clock: Clock) {}

  /** Begins to keep what is known of the comets' rooms fresh. */
  start(): void {
    this.#timer = this.clock.setInterval(() => {
      for (const comet of this.#comets.values()) comet.tick();
    }, WATCH_MS / 4);
  }

  /** Keeps nothing fresh any more. */
  stop(): void {
    if (this.#timer !== undefined) this.clock.cancel(this.#timer);
  }

  /** Adds a comet that has no link yet. */
  add(server: string): RemoteComet {
    const comet = new RemoteComet(server, this.clock);
    this.#comets.set(server, comet);
    return comet;
  }

  /** Takes a comet out; one that is not there is ignored. */
  remove(server: string): void {
    this.#comets.delete(server);
  }

  servers(): Iterable<string> {
    return this.#comets.keys();
  }

  get(server: string): RemoteComet | undefined {
    return this.#comets.get(server);
  }

  holds(server: string, room: string): boolean {
    return this.#comets.get(server)!.holds(room);
  }

  current(): Promise<void> | undefined {
    return undefined;
  }
}
