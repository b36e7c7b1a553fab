import { ManualClock } from "../../base/clock.ts";
import { seededPrng } from "../../base/prng.ts";
import { LocalModeration } from "../../drivers/memory/local_moderation.ts";
import { memoryBlocks, MemoryMutes } from "../../drivers/memory/mutes.ts";
import { StoreCounters } from "../../drivers/store.ts";
import { MemoryNodes } from "../../drivers/memory/nodes.ts";
import { MemoryPushLog } from "../../drivers/memory/push_log.ts";
import { MemorySessions } from "../../drivers/memory/sessions.ts";
import type { CometControl } from "../../protocol/cluster/comet_calls.ts";
import type { Appended, AppendOptions, Retention } from "../../drivers/ports.ts";
import type { HistoryPage, HistoryQuery } from "../../protocol/history.ts";
import type { PushMessage } from "../../protocol/push_message.ts";
import { roomDefaults } from "../../protocol/room_options.ts";
import { Logic, logicDefaults } from "../../logic/logic.ts";
import { nodesDefaults } from "../../logic/nodes.ts";
import { type ApiKey, ApiKeys, digestOf, fullKey, type Scope } from "../../logic/http/api_keys.ts";
import { KeyGuesses } from "../../logic/http/key_guesses.ts";
import { createHttpApp, type HttpAppOptions } from "../../logic/http/app.ts";

/** The answer to a call that went well and has no data. */
export const OK = '{"code":0,"message":""}';

/** The answer to a bad request. */
export function bad(message: string): string {
  return JSON.stringify({ code: -400, message });
}

/** Most users of {@linkcode setUp} that are muted, and as many that are blocked. */
export const MODERATION_MAX = 3;

/** Who calls. */
export const PEER = { remoteAddress: "10.1.0.9" };
const START_MS = 1_700_000_000_123;

/** A push log that notes what it takes and is asked for, and answers what it is told to. */
export class NotingLog extends MemoryPushLog {
  readonly taken: PushMessage[] = [];
  readonly options: AppendOptions[] = [];
  readonly asked: (HistoryQuery & { readonly retention: Retention })[] = [];
  page: HistoryPage = { epoch: "", head: 0, first: 1, messages: [], more: false };

  override async append(
    partition: number,
    message: PushMessage,
    options: AppendOptions = {},
  ): Promise<Appended> {
    const { position } = await super.append(partition, message);
    this.taken.push(message);
    this.options.push(options);
    if (options.retention === undefined) return { position };
    return { position, stream: { epoch: "e1", offset: this.taken.length } };
  }

  override async readHistory(
    _partition: number,
    query: HistoryQuery,
    retention: Retention,
  ): Promise<HistoryPage> {
    this.asked.push({ ...query, retention });
    return this.page;
  }
}

/** A key for a scope alone: `key-` and the scope. */
export function apiKeyFor(scope: Scope): ApiKey {
  return { name: `for-${scope}`, digest: digestOf(`key-${scope}`), scopes: new Set([scope]) };
}

/** The rooms of {@linkcode setUp} that keep history. */
export const logRooms = { ...roomDefaults, type: "log", historySize: 50, historyTtlMs: 60_000 };

/** Two comets of two regions, with rooms, and three clients. */
export async function setUp(
  { partitionBytesMax = 1_000_000, comets = true, apiKey, ...options }:
    & Partial<HttpAppOptions>
    & { partitionBytesMax?: number; comets?: boolean; apiKey?: string } = {},
) {
  const clock = new ManualClock(START_MS);
  const nodes = new MemoryNodes(clock);
  const sessions = new MemorySessions(nodes);
  const pushLog = new NotingLog(clock, { partitions: 8, partitionBytesMax });
  const mutes = new MemoryMutes(clock, MODERATION_MAX);
  const blocks = memoryBlocks(clock, MODERATION_MAX);
  const moderation = new LocalModeration(clock, new StoreCounters(), mutes, blocks);
  const links = new Map<string, CometControl>();
  const logic = new Logic({
    pushLog,
    sessions,
    nodes,
    moderation,
    comets: links,
    clock,
    running: clock,
    prng: seededPrng(1),
    options: {
      ...logicDefaults,
      rooms: [logRooms, { ...roomDefaults, type: "live", upstream: "publish" }],
      nodes: {
        ...nodesDefaults,
        defaultDomain: "push.example.com",
        hostDomain: ".example.com",
        heartbeatMs: 30_000,
        heartbeatMax: 3,
        regions: { west: ["10.1.0.0/16"], east: ["10.2.0.0/16"] },
      },
    },
  });
  for (const [server, region] of comets ? [["a", "west"], ["b", "east"]] : []) {
    await nodes.register({
      server,
      region,
      zone: `${region}-1`,
      env: "test",
      name: server,
      rpc: "",
      hostname: `host-${server}`,
      addresses: [`192.0.2.${server === "a" ? 1 : 2}`],
      version: "0.1.0",
      weight: 10,
      offline: false,
    });
    await logic.report({
      server,
      sequence: 1,
      base: 0,
      offline: false,
      connections: 100,
      addresses: 60,
      rooms: new Map([["live://1000", 10], ["live://20", server === "a" ? 50 : 5], ["x://1", 9]]),
    });
  }
  const tokens = ['{"mid":7,"key":"x"}', '{"mid":9223372036854775807,"key":"y"}', '{"key":"z&?"}'];
  for (const [connectionId, token] of comets ? tokens.entries() : []) {
    const bytes = new TextEncoder().encode(token);
    await logic.connect({ server: "a", connectionId, token: bytes, remoteAddress: "" });
  }
  const app = createHttpApp(logic, {
    keys: new ApiKeys(apiKey === undefined ? "anyone" : [fullKey("api-key", apiKey)]),
    guesses: new KeyGuesses(clock, 0, logic.counters),
    hosts: [],
    trustedProxies: [],
    origins: "local",
    stop: () => {},
    isStopping: () => false,
    unready: () => undefined,
    metrics: () => "up 1\n",
    ...options,
  });
  const call = async (line: string, init: RequestInit = {}) => {
    const [method, path] = line.split(" ");
    const body = method === "POST" ? "hi" : undefined;
    const response = await app.request(path, { method, body, ...init }, PEER);
    return { status: response.status, response, text: await response.text() };
  };
  return { clock, nodes, comets: links, logic, pushLog, app, call };
}
