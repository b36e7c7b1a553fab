import { systemClock } from "../platform/system_clock.ts";
import { systemPrng } from "../base/prng.ts";
import { selectPlatform } from "../platform/select.ts";
import { RpcDialer } from "../rpc/dialer.ts";
import type { RpcLink } from "../rpc/link.ts";
import { Child } from "./child.ts";
import { cell, printTable, scaled } from "./measure.ts";

/** Calls of one round. */
const RPC_CALLS = 200_000;
const HTTP_CALLS = 20_000;
const IN_FLIGHT = 64;
const PAYLOAD_BYTES = 200;
/** The server echoes whatever the method. */
const METHOD = 1;
/** Rounds that are measured, after one to warm up; the best counts. */
const ROUNDS = 3;

const payload = new Uint8Array(PAYLOAD_BYTES).fill(7);

/** Checks that an echo came back whole. */
function checkLength(bytes: number): void {
  if (bytes !== PAYLOAD_BYTES) throw new Error(`an echo has ${bytes} bytes`);
}

/** Opens a link to the child's RPC. */
async function openLink(port: number): Promise<{ link: RpcLink; dialer: RpcDialer }> {
  const { promise, resolve } = Promise.withResolvers<RpcLink>();
  const { streams } = await selectPlatform();
  const dialer = new RpcDialer({
    streams,
    address: { hostname: "127.0.0.1", port },
    secret: "",
    clock: systemClock,
    prng: systemPrng(),
    self: { role: "bench", id: "bench" },
    handler: { call: (_, __, body) => body.slice(), opened: resolve },
  });
  dialer.start();
  return { link: await promise, dialer };
}

/**
 * Has so many calls made, with `IN_FLIGHT` under way at any time.
 *
 * @returns Calls per second.
 */
async function round(calls: number, call: () => Promise<void>): Promise<number> {
  let left = calls;
  const caller = async () => {
    while (left-- > 0) await call();
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
  return calls * 1e3 / (performance.now() - startMs);
}

/** The most calls per second of some rounds, the first of which is to warm up. */
async function best(calls: number, call: () => Promise<void>): Promise<number> {
  await round(calls, call);
  let most = 0;
  for (let count = 0; count < ROUNDS; count++) most = Math.max(most, await round(calls, call));
  return most;
}

/**
 * Calls per second that echo a payload, over the RPC and over HTTP with Hono: the same child
 * process serves both, and this one calls.
 */
export async function run(scale: number): Promise<void> {
  await using server = new Child("./rpc_server.ts");
  const ports = await server.call<Record<"rpc" | "http", number>>("listen");
  const { link, dialer } = await openLink(ports.rpc);
  const rpc = await best(scaled(RPC_CALLS, scale, IN_FLIGHT), async () => {
    checkLength((await link.call(METHOD, payload)).length);
  });
  await dialer.stop();
  const url = `http://127.0.0.1:${ports.http}/echo`;
  const http = await best(scaled(HTTP_CALLS, scale, IN_FLIGHT), async () => {
    const response = await fetch(url, { method: "POST", body: payload });
    checkLength((await response.arrayBuffer()).byteLength);
  });
  printTable(
    `Echo of ${PAYLOAD_BYTES} bytes, ${IN_FLIGHT} calls under way, one process to another`,
    ["over", "calls/s", "ratio"],
    [["HTTP with Hono", cell(http), cell(1)], ["RPC", cell(rpc), cell(rpc / http)]],
  );
}
