import { CancellableDelay } from "../../base/cancellable_delay.ts";
import type { Clock } from "../../base/clock.ts";
import type { Prng } from "../../base/prng.ts";
import type { Address, Streams } from "../../platform/port.ts";
import { isUnknownMethod } from "../../protocol/cluster/calls.ts";
import type { CometNode, Registered } from "../../protocol/cluster/comet_node.ts";
import type { CometReport, LogicApi } from "../../protocol/cluster/logic_calls.ts";
import {
  type ConnectionRef,
  ConnectRefused,
  type ConnectReply,
  type ConnectRequest,
  type JoinRequest,
  type Permissions,
  type ReceivedFrame,
  type RenewAuthRequest,
} from "../../protocol/cluster/connection.ts";
import type { ProbeReply, ProbeRequest } from "../../protocol/cluster/probe.ts";
import type { PublishReply, PublishRequest } from "../../protocol/cluster/publish.ts";
import type { HistoryPage, HistoryQuery } from "../../protocol/history.ts";
import type { RpcCounters } from "../../rpc/counters.ts";
import { RpcDialer } from "../../rpc/dialer.ts";
import { DisconnectQueue } from "./disconnect_queue.ts";
import { isTransient, mayGoElsewhere } from "./failures.ts";
import type { RpcHandler, RpcLink } from "../../rpc/link.ts";
import { type KnownLogic, Logics } from "./logics.ts";

/** How long a client's auth waits for a logic that answers, in milliseconds. */
const PATIENCE_MS = 5_000;

/** How long a logic that goes is kept waiting while there is no other, in milliseconds. */
const OTHER_LOGIC_MS_MAX = 3_000;

/** How often it looks for one meanwhile, in milliseconds. */
const LOOK_MS = 100;

/** Reports that go to one logic in a row: each logic is to hear of all comets now and then. */
const REPORTS_IN_A_ROW = 5;

/** Ended sessions that may wait for a logic. */
const DISCONNECTS_MAX = 100_000;

/** Auths to undo that may wait for a logic: they hold their tokens. */
const UNDOS_MAX = 10_000;

/** Dependencies of a pool of logics. */
export interface LogicPoolDependencies {
  /** This run of the comet. */
  readonly server: string;
  /** Where the logics are. */
  readonly addresses: readonly Address[];
  readonly streams: Streams;
  /** The cluster secret; empty for none. */
  readonly secret: string;
  readonly clock: Clock;
  readonly prng: Prng;
  /** Where the links count. */
  readonly counters: RpcCounters;
  /** Answers what logic asks of the comet; told of each link. */
  readonly handler: RpcHandler;
  /** As for `RpcLinkDependencies`. */
  readonly silentMs?: number;
}

/** All logics as one: each call goes to the next in turn, past those that fail. */
export class LogicPool implements LogicApi {
  /** Ended sessions that logic is still to be told of. */
  readonly disconnects: DisconnectQueue<ConnectionRef>;
  /** Auths of which nobody knows whether they stored a session. */
  readonly undos: DisconnectQueue<ConnectRequest>;
  readonly #clock: Clock;
  readonly #logics: Logics;
  /** The logic that took the last report, and how many were made. */
  #reportsTo: KnownLogic | undefined;
  #reports = 0;
  /** Cancelled when the pool is stopped. */
  readonly #delay: CancellableDelay;

  constructor({ server, addresses, ...link }: LogicPoolDependencies) {
    this.#clock = link.clock;
    this.#delay = new CancellableDelay(link.clock);
    const disconnect = (session: ConnectionRef) => this.#ask((logic) => logic.disconnect(session));
    this.disconnects = new DisconnectQueue(disconnect, this.#delay, DISCONNECTS_MAX);
    const undo = (request: ConnectRequest) => this.#ask((logic) => logic.undoConnect(request));
    this.undos = new DisconnectQueue(undo, this.#delay, UNDOS_MAX);
    const self = { role: "comet", id: server };
    const dialers = addresses.map((address) => new RpcDialer({ address, self, ...link }));
    this.#logics = new Logics(dialers, link.clock);
  }

  /** How many logics there is a link to. */
  get connected(): number {
    return this.#logics.all.filter(({ isLinked }) => isLinked).length;
  }

  /** Begins to dial. */
  start(): void {
    for (const { dialer } of this.#logics.all) dialer.start();
  }

  /**
   * The logic on the other end of a link goes: it is asked only where there is no other. Settles
   * when there is one, or does not come in time.
   */
  async leave(link: RpcLink): Promise<void> {
    this.#logics.leave(link);
    const deadlineMs = this.#clock.monotonicMs() + OTHER_LOGIC_MS_MAX;
    const isInTime = () => this.#clock.monotonicMs() < deadlineMs && !this.#delay.cancelled;
    while (!this.#logics.isAnyThere && isInTime()) await this.#delay.wait(LOOK_MS);
  }

  /** Closes every link. */
  async stop(): Promise<void> {
    this.#delay.cancel();
    await Promise.all(this.#logics.all.map(({ dialer }) => dialer.stop()));
  }

  /**
   * Waits a while for a logic that answers: asked twice, they store the same session. What may have
   * been stored all the same when none answers is taken out again.
   */
  async connect(request: ConnectRequest): Promise<ConnectReply> {
    const kept = { ...request, token: request.token.slice() };
    const deadlineMs = this.#clock.monotonicMs() + PATIENCE_MS;
    let isSent = false;
    while (true) {
      try {
        return await this.#ask((logic) => {
          isSent = true;
          return logic.connect(kept);
        });
      } catch (error) {
        const patient = this.#clock.monotonicMs() + LOOK_MS < deadlineMs && !this.#delay.cancelled;
        if (isTransient(error) && patient) await this.#delay.wait(LOOK_MS);
        else {
          if (isSent && !(error instanceof ConnectRefused)) this.undos.queueDisconnect(kept);
          throw error;
        }
      }
    }
  }

  /** Settles when logic was told, or will be as soon as there is one. */
  async disconnect(connection: ConnectionRef): Promise<void> {
    try {
      await this.#ask((logic) => logic.disconnect(connection));
    } catch (error) {
      if (!isTransient(error)) throw error;
      this.disconnects.queueDisconnect(connection);
    }
  }

  /** Settles at once: logic is told as soon as there is one. */
  async undoConnect(request: ConnectRequest): Promise<void> {
    this.undos.queueDisconnect(request);
  }

  /** Goes past a logic that fails, or is of an earlier version, which does not know of it. */
  renewAuth(request: RenewAuthRequest): Promise<Permissions> {
    const kept = { ...request, token: request.token.slice() };
    return this.#ask((logic) => logic.renewAuth(kept), undefined, mayGoElsewhere);
  }

  authorizeJoin(request: JoinRequest): Promise<boolean> {
    return this.#ask((logic) => logic.authorizeJoin(request));
  }

  /**
   * Goes past a logic of an earlier version, which does not know of it; and with an id past one that
   * fails, since what is said twice under it is pushed once.
   */
  publish(request: PublishRequest): Promise<PublishReply> {
    const kept = { ...request, body: request.body.slice() };
    const goesOn = request.publishId === undefined ? isUnknownMethod : mayGoElsewhere;
    return this.#ask((logic) => logic.publish(kept), undefined, goesOn);
  }

  readHistory(query: HistoryQuery): Promise<HistoryPage> {
    return this.#ask((logic) => logic.readHistory(query));
  }

  /** Asks one logic alone: another might hand the frame to the application once more. */
  async receive(frame: ReceivedFrame): Promise<Uint8Array> {
    return await this.#logics.pick(new Set()).client.receive(frame);
  }

  /** Goes to one logic some times in a row: another would have to be told everything. */
  report(report: CometReport): Promise<ReadonlyMap<string, number> | undefined> {
    if (this.#reports++ % REPORTS_IN_A_ROW === 0) this.#reportsTo = undefined;
    return this.#ask((client, logic) => {
      this.#reportsTo = logic;
      return client.report(report);
    }, this.#reportsTo);
  }

  register(node: CometNode): Promise<Registered> {
    return this.#ask((logic) => logic.register(node));
  }

  unregister(server: string): Promise<void> {
    return this.#ask((logic) => logic.unregister(server));
  }

  /** Has one logic push, past those of an earlier version; all are told what has come back. */
  probe(request: ProbeRequest): Promise<ProbeReply> {
    let asked: KnownLogic | undefined;
    const answer = this.#ask(
      (client, logic) => {
        asked = logic;
        return client.probe(request);
      },
      undefined,
      mayGoElsewhere,
    );
    const note = { ...request, pushes: false };
    for (const logic of this.#logics.all) {
      if (logic !== asked && logic.isThere) logic.client.probe(note).catch(() => {});
    }
    return answer;
  }

  renew(sessions: readonly ConnectionRef[]): Promise<void> {
    return this.#ask((logic) => logic.renew(sessions));
  }

  /**
   * Asks one logic after the other, `first` first, until one answers or all have failed.
   *
   * @param goesOn Whether the next one is asked after a failure.
   */
  async #ask<Answer>(
    call: (client: LogicApi, logic: KnownLogic) => Promise<Answer>,
    first?: KnownLogic,
    goesOn = isTransient,
  ): Promise<Answer> {
    const tried = new Set<KnownLogic>();
    while (true) {
      const logic = tried.size === 0 && first?.isThere ? first : this.#logics.pick(tried);
      try {
        return await call(logic.client, logic);
      } catch (error) {
        if (!goesOn(error)) throw error;
        if (isTransient(error)) this.#logics.failed(logic);
        tried.add(logic);
        if (tried.size === this.#logics.all.length) throw error;
      }
    }
  }
}
