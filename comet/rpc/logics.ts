import type { Clock } from "../../base/clock.ts";
import { clientOf } from "../../protocol/cluster/calls.ts";
import { type LogicApi, logicCalls } from "../../protocol/cluster/logic_calls.ts";
import { RpcError } from "../../protocol/rpc.ts";
import type { RpcDialer } from "../../rpc/dialer.ts";
import type { RpcLink } from "../../rpc/link.ts";

/** How long a logic that failed is passed over while there are others, in milliseconds. */
const SKIP_MS = 1_000;

/** A logic, over whichever link there is to it. */
export class KnownLogic {
  readonly client: LogicApi;
  /** It failed, and others come first until then. */
  skipUntilMs = 0;
  /** The link by which it has said that it goes. */
  left: RpcLink | undefined;

  constructor(readonly dialer: RpcDialer) {
    this.client = clientOf(logicCalls, dialer);
  }

  get isLinked(): boolean {
    return this.dialer.link !== undefined;
  }

  /** Whether there is a link to it, and it has not said that it goes. */
  get isThere(): boolean {
    return this.isLinked && this.dialer.link !== this.left;
  }
}

/** The logics that there are, and whose turn it is. */
export class Logics {
  readonly all: readonly KnownLogic[];
  #next = 0;

  constructor(dialers: readonly RpcDialer[], private readonly clock: Pick<Clock, "monotonicMs">) {
    this.all = dialers.map((dialer) => new KnownLogic(dialer));
  }

  /** Whether there is one that stays. */
  get isAnyThere(): boolean {
    return this.all.some(({ isThere }) => isThere);
  }

  /** A logic has failed: for a while the others come first. */
  failed(logic: KnownLogic): void {
    logic.skipUntilMs = this.clock.monotonicMs() + SKIP_MS;
  }

  /** The logic on the other end of a link goes: it is asked only where there is no other. */
  leave(link: RpcLink): void {
    for (const logic of this.all) if (logic.dialer.link === link) logic.left = link;
  }

  /**
   * The next logic in turn that is connected, one that failed just now, or goes, only where there is
   * no other.
   *
   * @throws {RpcError} When there is none.
   */
  pick(tried: ReadonlySet<KnownLogic>): KnownLogic {
    const { all } = this;
    const nowMs = this.clock.monotonicMs();
    let fallback: KnownLogic | undefined;
    for (let turn = 0; turn < all.length; turn++) {
      const logic = all[(this.#next + turn) % all.length];
      if (!logic.isLinked || tried.has(logic)) continue;
      if (fallback === undefined || !fallback.isThere) fallback = logic;
      if (nowMs < logic.skipUntilMs || !logic.isThere) continue;
      this.#next = (this.#next + turn + 1) % all.length;
      return logic;
    }
    if (fallback !== undefined) return fallback;
    throw new RpcError("unavailable", true, "Cannot reach logic: there is no link to any");
  }
}
