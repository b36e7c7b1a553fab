import { ManualClock, promisesSettled } from "../../base/clock.ts";
import { RunningClock } from "../../base/running_clock.ts";
import { memoryPlatform } from "../memory_platform/mod.ts";
import type { Streams } from "../../platform/port.ts";
import { HttpCounters } from "../../protocol/http/counters.ts";
import { HttpLimits } from "../../protocol/http/limits.ts";
import type { HttpFetch } from "../../protocol/http/request.ts";
import { type HttpServer, serveHttp } from "../../protocol/http/server.ts";
import { BODY_BYTES_MAX } from "./http_requests.ts";
import { MemoryClient } from "./memory_client.ts";
import { latin1 } from "./websocket_upgrades.ts";

/** How a test wants its server. */
export interface TestHttpOptions {
  /** Answers each request with its path and body when absent. */
  readonly fetch?: HttpFetch;
  readonly connectionsMax?: number;
  readonly kernelBufferBytes?: number;
  readonly bodyBytesMax?: number;
}

/** A client of an HTTP server in memory. */
export interface HttpClient extends MemoryClient {
  /** Sends a text of one byte per character, and lets everything happen. */
  say(text: string): Promise<void>;
  /** The bodies of the answers that have come since it was last asked. */
  bodies(): string[];
}

/** An HTTP server in memory, whose clock the test owns. */
export class TestHttp {
  readonly clock = new ManualClock(1_000_000);
  /** The server's clock, which ticks on the other until it is stopped. */
  readonly running = new RunningClock(this.clock);
  readonly counters = new HttpCounters();
  server!: HttpServer;
  #streams!: Streams;

  static async start(options: TestHttpOptions = {}): Promise<TestHttp> {
    const test = new TestHttp();
    const { clock, running, counters } = test;
    const { fetch = echo, connectionsMax = 10, kernelBufferBytes, bodyBytesMax = BODY_BYTES_MAX } =
      options;
    const { streams } = memoryPlatform({ clock, kernelBufferBytes });
    test.#streams = streams;
    const address = { hostname: "127.0.0.1", port: 0 };
    const limits = { connectionsMax, bodyBytesMax };
    test.server = await serveHttp({
      streams,
      clock: running,
      address,
      fetch,
      counters,
      ...limits,
    });
    return test;
  }

  async connect(): Promise<HttpClient> {
    const client = await MemoryClient.connect(this.#streams, this.server.address.port);
    await this.settle();
    return Object.assign(client, {
      say: async (text: string) => {
        client.write(latin1(text));
        await this.settle();
      },
      bodies: () => bodiesOf(client.take().toString("latin1")),
    });
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) {
      this.clock.advance(0);
      await promisesSettled();
    }
  }

  /** Moves time on, in milliseconds, and lets everything happen. */
  async advance(spanMs: number): Promise<void> {
    for (let leftMs = spanMs; leftMs > 0; leftMs -= HttpLimits.sweepMs) {
      this.clock.advance(Math.min(leftMs, HttpLimits.sweepMs));
    }
    await this.settle();
  }
}

const echo: HttpFetch = async (request) =>
  new Response(`${new URL(request.url).pathname} ${await request.text()}`);

/** The bodies of answers that lie back to back, each with its length. */
function bodiesOf(text: string): string[] {
  const bodies: string[] = [];
  for (let at = 0; at < text.length;) {
    const bodyAt = text.indexOf("\r\n\r\n", at) + 4;
    const length = /^content-length: (\d+)$/mi.exec(text.slice(at, bodyAt).replaceAll("\r", ""));
    at = bodyAt + Number(length?.[1] ?? 0);
    bodies.push(text.slice(bodyAt, at));
  }
  return bodies;
}
