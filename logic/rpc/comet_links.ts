import { type Clock, nextTurn, sleep } from "../../base/clock.ts";
import { withTimeout } from "../../base/with_timeout.ts";
import { StoreUnavailable } from "../../drivers/ports.ts";
import { type CometControl, cometControlCalls } from "../../protocol/cluster/comet_calls.ts";
import { type DrainApi, drainCalls } from "../../protocol/cluster/drain_calls.ts";
import { answerLogic, type LogicApi } from "../../protocol/cluster/logic_calls.ts";
import type { RpcHandler, RpcLink } from "../../rpc/link.ts";
import { clientOf, RpcMethod, unknownMethod } from "../../protocol/cluster/calls.ts";
import { RpcError } from "../../protocol/rpc.ts";
import type { Comets } from "../connection_closer.ts";

/** Turns after which a socket has told that it was closed: what came before is read in the first. */
const TURNS = 2;

/** How long what comets have asked may take when this logic goes, in milliseconds. */
const LEAVE_MS_MAX = 5_000;

/** How often it is looked whether all is answered, in milliseconds. */
const LOOK_MS = 10;

/** A comet, by the link that it has dialled. */
interface LinkedComet {
  readonly link: RpcLink;
  readonly comet: CometControl & DrainApi;
}

/** What must not be carried out when its comet has gone or asked another logic since. */
const lasting: ReadonlySet<number> = new Set([
  RpcMethod.connect,
  RpcMethod.renew,
  RpcMethod.register,
]);

/** What ends one of those, and comes after it where both are found in a socket at once. */
const ending: ReadonlySet<number> = new Set([
  RpcMethod.undoConnect,
  RpcMethod.disconnect,
  RpcMethod.unregister,
]);

/** The comets' links to this logic: answers their calls, and is the way back to each. */
export class CometLinks implements Comets, RpcHandler {
  readonly #comets = new Map<string, LinkedComet>();
  #logic: LogicApi | undefined;

  constructor(private readonly clock: Clock) {}

  /** How many comets are connected. */
  get size(): number {
    return this.#comets.size;
  }

  /** Says who answers; calls that come before fail. */
  serve(logic: LogicApi): void {
    this.#logic = logic;
  }

  get(server: string): LinkedComet["comet"] | undefined {
    return this.#comets.get(server)?.comet;
  }

  opened(link: RpcLink): void {
    this.#comets.set(link.peer.id, {
      link,
      comet: clientOf<LinkedComet["comet"]>({ ...cometControlCalls, ...drainCalls }, link),
    });
  }

  closed(link: RpcLink): void {
    if (this.#comets.get(link.peer.id)?.link === link) this.#comets.delete(link.peer.id);
  }

  /**
   * Has all comets ask other logics, and settles when what they have asked here is answered, or had
   * its time. Those of the version before go when their links are closed.
   */
  async leave(): Promise<void> {
    const deadlineMs = this.clock.monotonicMs() + LEAVE_MS_MAX;
    const all = [...this.#comets.values()];
    const told = Promise.allSettled(all.map(({ comet }) => comet.leave()));
    // One that stands still is told once it goes on, and finds its link closed.
    await withTimeout(this.clock, LEAVE_MS_MAX, told).catch(() => {});
    while (all.some(({ link }) => link.open && link.callsServed > 0)) {
      if (this.clock.monotonicMs() >= deadlineMs) return;
      await sleep(this.clock, LOOK_MS);
    }
  }

  async call(link: RpcLink, method: number, body: Uint8Array): Promise<Uint8Array> {
    if (lasting.has(method) || ending.has(method)) body = await this.#later(body);
    if (lasting.has(method) && !link.open) {
      throw new RpcError("lost", true, "Cannot store what is old: its comet asks no more");
    }
    const answer = this.#logic && answerLogic(this.#logic, method, body);
    if (answer === undefined) throw unknownMethod(method);
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      throw new RpcError("unavailable", true, error.message);
    }
  }

  /**
   * Settles with a copy of the body when the sockets have been read. A logic that stood still finds
   * old auths, renewals and registrations there, for which comets have asked another one since, or
   * have been started again: they would bring back sessions that have ended, and take the place of
   * the later run. That the links are closed it learns in the next turns of the event loop.
   */
  async #later(body: Uint8Array): Promise<Uint8Array> {
    const kept = body.slice();
    for (let turns = 0; turns < TURNS; turns++) {
      await nextTurn(this.clock);
    }
    return kept;
  }
}
