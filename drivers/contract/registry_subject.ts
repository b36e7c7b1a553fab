import { ManualClock } from "../../base/clock.ts";
import type { ConnectionRef } from "../../protocol/cluster/connection.ts";
import { runId } from "../../protocol/cluster/comet_node.ts";
import type { CometNode, Nodes, Sessions } from "../ports.ts";

/** How to open sessions and nodes. */
export interface RegistryOptions {
  readonly clock: ManualClock;
  /** How long a node counts as alive without a report, in milliseconds. */
  readonly leaseMs: number;
  /** How long a session lives after it was last renewed, in milliseconds. */
  readonly sessionMs: number;
}

/** A driver whose sessions and nodes are to be tested. */
export interface RegistrySubject {
  readonly name: string;
  /** Whether sessions expire by themselves. */
  readonly sessionsExpire: boolean;
  /** Starts what all tests share. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Opens them; what is in them may be left from before. */
  open(options: RegistryOptions): Promise<{ readonly nodes: Nodes; readonly sessions: Sessions }>;
}

let tests = 0;

/**
 * What one test works on. Its names are its own, since others may be left in the same store.
 */
export class Registry {
  readonly clock = new ManualClock(1_000);
  readonly leaseMs = 1_000;
  readonly #own = `${++tests}`;

  private constructor(readonly nodes: Nodes, readonly sessions: Sessions) {}

  static async open(subject: RegistrySubject, sessionMs = 60_000): Promise<Registry> {
    const clock = new ManualClock(1_000);
    const leaseMs = 1_000;
    const { nodes, sessions } = await subject.open({ clock, leaseMs, sessionMs });
    return Object.assign(new Registry(nodes, sessions), { clock, leaseMs });
  }

  /** A name of this test's own. */
  name(name: string): string {
    return `${name}/${this.#own}`;
  }

  /** A mid of this test's own. */
  mid(mid: bigint): bigint {
    return mid + 1_000_000n * BigInt(this.#own);
  }

  /** A run of a comet of this test's own, such as `a~1`. */
  run(name: string, epoch = 1): string {
    return runId(this.name(name), String(epoch));
  }

  node(name: string, epoch = 1): CometNode {
    return {
      server: this.run(name, epoch),
      name: this.name(name),
      region: "west",
      zone: "w1",
      env: "test",
      hostname: `${name}-host`,
      addresses: [],
      rpc: "10.0.0.1:3109",
      version: "0.1.0",
      weight: 10,
      offline: false,
    };
  }

  session(connectionId: number, mid: bigint, key: string, name = "a", epoch = 1): ConnectionRef {
    return {
      server: this.run(name, epoch),
      connectionId,
      mid: mid === 0n ? 0n : this.mid(mid),
      key: this.name(key),
    };
  }

  async register(...names: readonly string[]): Promise<void> {
    for (const name of names) await this.nodes.register(this.node(name));
  }

  async report(name: string, epoch = 1, rooms: ReadonlyMap<string, number> = new Map()) {
    await this.nodes.report(this.run(name, epoch), { connections: 2, clientAddresses: 1, rooms });
  }

  /** The live runs of this test. */
  async live(): Promise<string[]> {
    return (await this.nodes.live()).map(({ server }) => server).filter((server) =>
      server.includes(`/${this.#own}~`)
    ).sort();
  }

  /** Lets time pass, watching, while some nodes report and the others are silent. */
  async watch(spanMs: number, ...reporting: readonly string[]): Promise<void> {
    const stepMs = this.leaseMs / 4;
    await this.nodes.live();
    for (let leftMs = spanMs; leftMs > 0; leftMs -= stepMs) {
      this.clock.advance(Math.min(stepMs, leftMs));
      for (const name of reporting) await this.report(name);
      await this.nodes.live();
    }
  }
}
