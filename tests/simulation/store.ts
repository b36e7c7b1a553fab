import { StoreUnavailable } from "../../drivers/ports.ts";
import { LocalModeration } from "../../drivers/memory/local_moderation.ts";
import { memoryBlocks, MemoryMutes } from "../../drivers/memory/mutes.ts";
import { MemoryNodes } from "../../drivers/memory/nodes.ts";
import { MemorySessions } from "../../drivers/memory/sessions.ts";
import { StoreCounters } from "../../drivers/store.ts";
import { type Prng, randomFloat } from "../../base/prng.ts";
import type { Host } from "./host.ts";
import { LosingPushLog } from "./losing_push_log.ts";
import type { Network } from "./network.ts";

/** How long a store that does not answer keeps one waiting, in milliseconds. */
const TIMEOUT_MS = 2_000;

type Method = (...args: unknown[]) => Promise<unknown>;

/** The store that all roles share, on a host of its own. */
export class Store {
  nodes: MemoryNodes;
  sessions: MemorySessions;
  readonly pushLog: LosingPushLog;
  moderation: LocalModeration;
  /** Who waits for an answer that may not come any more. */
  readonly #waiting = new Set<() => void>();
  #away = false;

  constructor(
    readonly host: Host,
    private readonly network: Network,
    private readonly prng: Prng,
    offsetMax?: number,
  ) {
    this.nodes = new MemoryNodes(host.clock);
    this.sessions = new MemorySessions(this.nodes);
    this.moderation = this.#emptyModeration();
    this.pushLog = new LosingPushLog(host.clock, prng, offsetMax);
  }

  /** It is empty from now on. */
  loseAll(): void {
    this.nodes = new MemoryNodes(this.host.clock);
    this.sessions = new MemorySessions(this.nodes);
    this.moderation = this.#emptyModeration();
    this.pushLog.loseAll();
  }

  #emptyModeration(): LocalModeration {
    const { clock } = this.host;
    return new LocalModeration(
      clock,
      new StoreCounters(),
      new MemoryMutes(clock),
      memoryBlocks(clock),
    );
  }

  /** It cannot be reached for a while; what waits for it fails, done or not. */
  goAway(): void {
    this.#away = true;
    for (const fail of [...this.#waiting]) fail();
  }

  comeBack(): void {
    this.#away = false;
  }

  /** The ports as a process on a host has them: one connection, answers in order. */
  portsOf(host: Host) {
    const line = { toMs: 0, backMs: 0 };
    return {
      nodes: this.#remote(host, () => this.nodes, line, false),
      sessions: this.#remote(host, () => this.sessions, line, false),
      moderation: this.#remote(host, () => this.moderation, line, true),
      pushLog: this.#remote(host, () => this.pushLog, line, true),
    };
  }

  /**
   * @param driver Gives the one that there is now.
   * @param mayLoseAnswers Whether something may be done and fail all the same.
   */
  #remote<Driver extends object>(
    host: Host,
    driver: () => Driver,
    line: { toMs: number; backMs: number },
    mayLoseAnswers: boolean,
  ): Driver {
    return new Proxy(driver(), {
      get: (first, name) => {
        const member = Reflect.get(first, name, first);
        if (typeof member !== "function") return member;
        const call = (...args: unknown[]) => {
          const target = driver();
          return (Reflect.get(target, name, target) as Method).apply(target, args);
        };
        // A read that waits has a connection of its own.
        const own = name === "read" ? { toMs: 0, backMs: 0 } : line;
        return (...args: unknown[]) => this.#call(host, () => call(...args), own, mayLoseAnswers);
      },
    });
  }

  #call(
    host: Host,
    call: () => Promise<unknown>,
    line: { toMs: number; backMs: number },
    mayLoseAnswers: boolean,
  ): Promise<unknown> {
    const { network } = this;
    return new Promise((resolve, reject) => {
      let over = false;
      const answer = (settle: () => void) => {
        if (over) return;
        over = true;
        this.#waiting.delete(fail);
        line.backMs = Math.max(line.backMs, host.nowMs + network.latencyMs(host));
        host.after(line.backMs - host.nowMs, settle);
      };
      const fail = () => {
        if (over) return;
        over = true;
        this.#waiting.delete(fail);
        const error = new StoreUnavailable("the store of this world is away");
        host.after(TIMEOUT_MS * randomFloat(this.prng), () => reject(error));
      };
      this.#waiting.add(fail);
      line.toMs = Math.max(line.toMs, host.nowMs + network.latencyMs(host));
      this.host.after(line.toMs - host.nowMs, () => {
        // It was away when this was sent, or has gone since: only some of it gets there.
        if (over && !(mayLoseAnswers && randomFloat(this.prng) < 0.5)) return;
        if (this.#away) return fail();
        call().then(
          (value) => answer(() => resolve(value)),
          (error) => answer(() => reject(error)),
        );
      });
    });
  }
}
