import type { Clock } from "../base/clock.ts";
import { withTimeout } from "../base/with_timeout.ts";
import type { PushLog } from "../drivers/ports.ts";
import {
  PROBE_AGE_MS_MAX,
  probeBody,
  type ProbeReply,
  type ProbeRequest,
  probeRoom,
} from "../protocol/cluster/probe.ts";
import { nameOf } from "../protocol/cluster/comet_node.ts";
import type { LogicCounters } from "./counters.ts";

/** How long the store may take for a push, in milliseconds. */
const APPEND_MS = 2_000;

/** After how long a comet that says nothing is taken for gone: before its latest push is too old. */
const SILENT_MS = 7_000;

/** Operation of the pushes; nobody sees it. */
const OPERATION = 1;

/** What a comet has said. */
interface Comet {
  /** When it last said anything. */
  readonly toldMs: number;
  /** When the latest push was asked for that has come back to it; at first, when it was first heard of. */
  readonly returnedMs: number;
}

/** Pushes what comets ask for to see whether it comes back, and knows whether it does. */
export class Probes {
  /** By name, of its latest run. */
  readonly #comets = new Map<string, Comet>();
  #isAsked = false;
  #returnedMs: number;

  /** @param running The time in which this process ran: while it stood still, no store could answer. */
  constructor(
    private readonly log: PushLog,
    private readonly clock: Clock,
    private readonly running: Clock,
    private readonly counters: Pick<LogicCounters, "probes" | "probesFailed">,
  ) {
    this.#returnedMs = clock.monotonicMs();
  }

  /**
   * How long ago the latest push was asked for that has come back to a comet, in milliseconds; before
   * the first, how long there has been none.
   */
  get ageMs(): number {
    return this.clock.monotonicMs() - this.#returnedMs;
  }

  /** See `LogicApi`. */
  async probe(request: ProbeRequest): Promise<ProbeReply> {
    this.#note(request);
    const { partitions } = this.log;
    if (!request.pushes) return { stored: false, partitions };
    this.counters.probes++;
    const { server, sentMs } = request;
    const partition = Math.abs(request.partition) % partitions;
    const push = { room: probeRoom(server), operation: OPERATION, body: probeBody(sentMs) };
    try {
      const appended = this.log.append(partition, { kind: "room", ...push });
      await withTimeout(this.running, APPEND_MS, appended);
      return { stored: true, partitions };
    } catch {
      this.counters.probesFailed++;
      return { stored: false, partitions };
    }
  }

  /**
   * Why pushes do not get to clients, as far as comets have told; nothing when they do. Nothing
   * either while no comet has ever asked: whoever starts first must not wait for the others.
   *
   * @param areWorkers Whether comets are there for good, so that pushes must get to all of them, and
   * not only to one of those that say anything.
   */
  problem(areWorkers = false): string | undefined {
    if (!this.#isAsked) return undefined;
    if (!areWorkers) this.#forget();
    if (this.#comets.size === 0) return "no comet is connected";
    const nowMs = this.clock.monotonicMs();
    const ages = [...this.#comets.values()].map(({ returnedMs }) => nowMs - returnedMs);
    const ageMs = areWorkers ? Math.max(...ages) : Math.min(...ages);
    if (ageMs <= PROBE_AGE_MS_MAX) return undefined;
    const seconds = Math.floor(ageMs / 1_000);
    if (areWorkers) return `no push has got to a worker for ${seconds} s`;
    return `every comet says that no push has got there for ${seconds} s`;
  }

  #note({ server, ageMs }: ProbeRequest): void {
    this.#isAsked = true;
    const nowMs = this.clock.monotonicMs();
    const name = nameOf(server);
    const before = this.#comets.get(name);
    const known = before === undefined || this.#isSilent(before) ? nowMs : before.returnedMs;
    const returnedMs = ageMs === undefined ? known : nowMs - ageMs;
    this.#comets.set(name, { toldMs: nowMs, returnedMs });
    if (ageMs !== undefined) this.#returnedMs = Math.max(this.#returnedMs, returnedMs);
  }

  #forget(): void {
    for (const [name, comet] of this.#comets) {
      if (this.#isSilent(comet)) this.#comets.delete(name);
    }
  }

  #isSilent({ toldMs }: Comet): boolean {
    return this.clock.monotonicMs() - toldMs > SILENT_MS;
  }
}
