import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { type Clock, ManualClock } from "../../base/clock.ts";
import { seededPrng } from "../../base/prng.ts";
import { RunningClock } from "../../base/running_clock.ts";
import { memoryPlatform } from "../memory_platform/mod.ts";
import type { Address } from "../../platform/port.ts";
import { RpcCounters } from "../../rpc/counters.ts";
import { encodeHello, RpcOperation } from "../../rpc/frames.ts";
import { MemoryClient } from "./memory_client.ts";
import { RpcDialer } from "../../rpc/dialer.ts";
import type { RpcHandler, RpcLink } from "../../rpc/link.ts";
import { listenRpc, type RpcListener } from "../../rpc/listener.ts";

const LOOPBACK: Address = { hostname: "127.0.0.1", port: 0 };

/** Echoes whatever it is sent. */
export const echo: RpcHandler = { call: (_, __, body) => body.slice() };

/** Ends of the RPC over the memory platform, on a clock of its own. */
export class MemoryRpc {
  readonly clock = new ManualClock(1_000_000);
  readonly streams = memoryPlatform({ clock: this.clock }).streams;
  /** What links are judged by; see {@linkcode MemoryRpc.judgeByRunningTime}. */
  #linkClock: Clock = this.clock;
  #running: RunningClock | undefined;
  /** What both ends count. */
  readonly counters = new RpcCounters();

  /** Links from now on are judged by the time in which the process ran. */
  judgeByRunningTime(): void {
    this.#linkClock = this.#running = new RunningClock(this.clock);
  }

  /** Listens as `comet` "server". */
  listen(handler: RpcHandler, secret = "", address = LOOPBACK): Promise<RpcListener> {
    const { streams, counters } = this;
    const clock = this.#linkClock;
    const self = { role: "comet", id: "server" };
    return listenRpc({ streams, address, secret, clock, self, handler, counters });
  }

  /** Makes a dialer as `job` "client", which is still to be started. */
  dialer(address: Address, handler: RpcHandler, secret = ""): RpcDialer {
    const { streams, counters } = this;
    const clock = this.#linkClock;
    const self = { role: "job", id: "client" };
    const prng = seededPrng(1);
    return new RpcDialer({ streams, address, secret, clock, prng, self, handler, counters });
  }

  /** A client that has said hello by hand and been welcomed. */
  async completed(port: number): Promise<MemoryClient> {
    const client = await MemoryClient.connect(this.streams, port);
    client.send(RpcOperation.hello, 7, encodeHello({ role: "job", id: "by hand" }, ""));
    let bytes = 0;
    await this.until("it is welcomed", () => (bytes += client.take().length) > 16);
    return client;
  }

  /** Lets what is due at this moment happen, until a condition holds. */
  async until(what: string, condition: () => boolean): Promise<void> {
    for (let round = 0; !condition(); round++) {
      assert.ok(round < 20_000, `nothing more happens before ${what}`);
      await this.turn();
    }
  }

  /** One turn of the event loop, of which no time passes. */
  async turn(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.clock.advance(0);
  }

  /** Lets time pass in small steps, and what falls due happen in each. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      this.clock.advance(Math.min(50, left));
      for (let turns = 0; turns < 6; turns++) await this.turn();
    }
  }

  /** Settles a promise by letting what is due happen. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let over = false;
    const done = () => void (over = true);
    promise.then(done, done);
    await this.until("it is settled", () => over);
    return promise;
  }

  /** A listener, a dialer that is connected to it, and both ends of their link. */
  async pair(accepting: RpcHandler, dialling: RpcHandler = echo): Promise<MemoryPair> {
    const listener = await this.listen(accepting);
    const dialer = this.dialer(listener.address, dialling);
    dialer.start();
    await this.until("there is a link", () => dialer.link !== undefined);
    const [accepted] = listener.links();
    return { listener, dialer, dialled: dialer.link!, accepted };
  }

  /** Stops both and checks that they leave nothing on the clock. */
  async close(...ends: (RpcDialer | RpcListener)[]): Promise<void> {
    for (const end of ends) {
      await this.settled(end instanceof RpcDialer ? end.stop() : end.close());
    }
    this.#running?.stop();
    await this.until("the clock is empty", () => this.clock.pending === 0);
  }
}

/** Two ends with a link between them. */
export interface MemoryPair {
  readonly listener: RpcListener;
  readonly dialer: RpcDialer;
  /** The link as the dialer has it. */
  readonly dialled: RpcLink;
  /** The link as the listener has it. */
  readonly accepted: RpcLink;
}
