import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededPrng } from "../base/prng.ts";
import { Auth, type AuthOptions } from "../logic/auth/auth.ts";
import { pemKey, secretKey } from "../logic/auth/jwt_keys.ts";
import { signingKey, signingSecret, signJwt } from "../logic/auth/jwt_sign.ts";
import { LogicCounters } from "../logic/counters.ts";
import type { Address } from "../platform/port.ts";
import { selectPlatform } from "../platform/select.ts";
import { systemClock } from "../platform/system_clock.ts";
import { encodeFrame } from "../protocol/frame.ts";
import { serveHttp } from "../protocol/http/server.ts";
import { Operation } from "../protocol/operations.ts";
import { cpuOf, type Deployment, startOneProcess, stopAll } from "./deployments.ts";
import { cell, printTable, scaled } from "./measure.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
/** More clients come than a server takes in otherwise. */
const NO_LIMITS = ["--accept-rate", "0", "--handshakes-max", "0"];
/** Clients that enter at a time, each anew as soon as it is in. */
const CLIENTS = 64;
const SPAN_MS = 2_000;
const ROUNDS = 3;
const CHECKS = 4_000;
const AT_A_TIME = 64;
const rules = { issuer: "", audience: "", toleranceMs: 0 };
const encoder = new TextEncoder();

/** A way to say who one is, which the server is started for. */
interface Way {
  readonly name: string;
  /** Bodies of auth frames; each is used in turn. */
  readonly tokens: readonly string[];
  readonly options: AuthOptions;
  readonly flags: readonly string[];
}

/** Claims as applications have them. */
const claims = { mid: "0", rooms: ["live://*"], exp: 4_102_444_800 };

async function keyWay(
  algorithm: string,
  { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject },
  directory: string,
): Promise<Way> {
  const pem = String(publicKey.export({ type: "spki", format: "pem" }));
  const own = String(privateKey.export({ type: "pkcs8", format: "pem" }));
  const file = join(directory, `${algorithm}.pem`);
  await writeFile(file, pem);
  return {
    name: `jwt, ${algorithm}`,
    tokens: [await signJwt(claims, await signingKey(own))],
    options: { mode: "jwt", keys: await pemKey(pem), ...rules },
    flags: ["--auth", "jwt", "--jwt-key-file", file],
  };
}

function webhookWay(name: string, url: string, cacheMs: number): Way {
  const webhook = { url, secret: SECRET, timeoutMs: 2_000, cacheMs, fallback: "refuse" } as const;
  const flags = ["--auth-webhook-url", url, "--auth-webhook-secret", SECRET];
  return {
    name,
    // Clients who say the same share one call.
    tokens: Array.from({ length: 10 * CLIENTS }, (_, index) => `token-${index}`),
    options: { mode: "webhook", ...webhook },
    flags: ["--auth", "webhook", ...flags, "--auth-webhook-cache", `${cacheMs}ms`],
  };
}

async function waysOf(directory: string, webhookUrl: string): Promise<Way[]> {
  const secretToken = await signJwt(claims, await signingSecret(SECRET));
  return [
    { name: "goim's token", tokens: ["{}"], options: { mode: "goim" }, flags: [] },
    {
      name: "jwt, HS256",
      tokens: [secretToken],
      options: { mode: "jwt", keys: await secretKey(SECRET), ...rules },
      flags: ["--auth", "jwt", "--jwt-secret", SECRET],
    },
    await keyWay("RS256", generateKeyPairSync("rsa", { modulusLength: 2048 }), directory),
    await keyWay("ES256", generateKeyPairSync("ec", { namedCurve: "P-256" }), directory),
    await keyWay("EdDSA", generateKeyPairSync("ed25519"), directory),
    webhookWay("webhook, each asked", webhookUrl, 0),
    webhookWay("webhook, cached", webhookUrl, 300_000),
  ];
}

/** An application that lets everybody in. */
async function serveApplication(): Promise<{ url: string; close(): Promise<void> }> {
  const { streams } = await selectPlatform();
  const fetch = async (request: Request) => {
    await request.arrayBuffer();
    return Response.json({ mid: "0", rooms: ["live://*"] });
  };
  const address: Address = { hostname: "127.0.0.1", port: 0 };
  const limits = { connectionsMax: 2_000, bodyBytesMax: 65_536 };
  const server = await serveHttp({ streams, clock: systemClock, address, fetch, ...limits });
  return { url: `http://127.0.0.1:${server.address.port}/`, close: () => server.close() };
}

/** Connects, authenticates, and leaves when it is in. */
async function enter(port: number, token: string): Promise<void> {
  const { streams } = await selectPlatform();
  const { promise: entered, resolve, reject } = Promise.withResolvers<void>();
  const conn = await streams.dial({
    hostname: "127.0.0.1",
    port,
    pendingBytesMax: 64 * 1024,
    handler: {
      open() {},
      data: (_, chunk) => {
        const operation = new DataView(chunk.buffer, chunk.byteOffset).getInt32(8);
        if (operation === Operation.AuthReply) resolve();
        else reject(new Error(`an auth was answered with operation ${operation}`));
      },
      drain() {},
      end: () => reject(new Error("an auth was refused")),
      close: () => reject(new Error("an auth was refused")),
    },
  });
  conn.write(encodeFrame(Operation.Auth, 1, encoder.encode(token)));
  await entered;
  conn.end();
}

/** How many got in a second, and what each cost the server, in µs of CPU. */
async function enterAll(server: Deployment, { tokens }: Way, spanMs: number): Promise<number[]> {
  const [startMs, startS] = [performance.now(), cpuOf(server)];
  let entered = 0;
  await Promise.all(Array.from({ length: CLIENTS }, async (_, client) => {
    for (let turn = client; performance.now() - startMs < spanMs; turn += CLIENTS) {
      await enter(server.tcpPort, tokens[turn % tokens.length]);
      entered++;
    }
  }));
  const tookS = (performance.now() - startMs) / 1_000;
  return [entered / tookS, (cpuOf(server) - startS) * 1e6 / entered];
}

async function measureServer(way: Way, scale: number): Promise<string[]> {
  const spanMs = scaled(SPAN_MS, Math.min(1, scale), 100);
  const server = await startOneProcess(...NO_LIMITS, ...way.flags);
  let best = [0, Infinity];
  try {
    await enterAll(server, way, spanMs / 4);
    for (let round = 0; round < scaled(ROUNDS, scale, 1); round++) {
      const [perSecond, cpuUs] = await enterAll(server, way, spanMs);
      best = [Math.max(best[0], perSecond), Math.min(best[1], cpuUs)];
    }
  } finally {
    await stopAll(server);
  }
  return [way.name, ...best.map(cell)];
}

/** What it takes to say who somebody is, in µs: one after the other, and many at a time. */
async function measureCheck({ name, tokens, options }: Way, scale: number): Promise<string[]> {
  const parts = { clock: systemClock, running: systemClock, prng: seededPrng(1) };
  const auth = new Auth(options, { ...parts, counters: new LogicCounters() });
  let turn = 0;
  const check = async () => {
    const token = encoder.encode(tokens[turn++ % tokens.length]);
    const client = { remoteAddress: "192.0.2.1", headers: {}, server: "c", connectionId: 1 };
    const answer = await auth.authenticate({ token, ...client });
    if ("refuse" in answer) throw new Error(answer.refuse);
  };
  const timed = async (atATime: number) => {
    const count = scaled(CHECKS, scale, 100);
    const startMs = performance.now();
    for (let done = 0; done < count; done += atATime) {
      await Promise.all(Array.from({ length: atATime }, check));
    }
    return (performance.now() - startMs) * 1_000 / (Math.ceil(count / atATime) * atATime);
  };
  await timed(AT_A_TIME);
  const best = [Infinity, Infinity];
  for (let round = 0; round < scaled(ROUNDS, scale, 1); round++) {
    best[0] = Math.min(best[0], await timed(1));
    best[1] = Math.min(best[1], await timed(AT_A_TIME));
  }
  return [name, ...best.map(cell)];
}

/** How many clients a server lets in a second, by the way in which they say who they are. */
export async function run(scale: number): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "halley-bench-"));
  const application = await serveApplication();
  const [servers, checks]: string[][][] = [[], []];
  try {
    const ways = await waysOf(directory, application.url);
    for (const way of ways) checks.push(await measureCheck(way, Math.min(1, scale)));
    // Each takes a server of its own: in small, three will do.
    for (const way of scale < 0.1 ? ways.filter((_, index) => index % 3 === 0) : ways) {
      servers.push(await measureServer(way, scale));
    }
  } finally {
    await application.close();
    await rm(directory, { recursive: true });
  }
  printTable(
    `Clients that connect over TCP, authenticate and leave, ${CLIENTS} at a time, one process`,
    ["how they say who they are", "auths/s", "CPU of the server, µs each"],
    servers,
  );
  printTable(
    "Who a token says that somebody is, without a server",
    ["how", "µs, one by one", `µs, ${AT_A_TIME} at a time`],
    checks,
  );
}
