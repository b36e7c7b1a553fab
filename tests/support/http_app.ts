import { ManualClock } from "../../base/clock.ts";
import { MemoryNodes } from "../../drivers/memory/nodes.ts";
import { MemoryPushLog } from "../../drivers/memory/push_log.ts";
import { MemorySessions } from "../../drivers/memory/sessions.ts";
import type { CometApi } from "../../protocol/cluster/comet_calls.ts";
import type { Appended } from "../../drivers/ports.ts";
import type { PushMessage } from "../../protocol/push_message.ts";
import { Logic, logicDefaults } from "../../logic/logic.ts";
import { nodesDefaults } from "../../logic/nodes.ts";
import { createHttpApp, type HttpAppOptions } from "../../logic/http/app.ts";

/** The answer to a call that went well and has no data. */
export const OK = '{"code":0,"message":""}';

/** The answer to a bad request. */
export function bad(message: string): string {
  return JSON.stringify({ code: -400, message });
}

/** Who calls. */
export const PEER = { remoteAddress: "10.1.0.9" };
const START_MS = 1_700_000_000_123;

/** A push log that notes what it takes. */
class NotingLog extends MemoryPushLog {
  readonly taken: PushMessage[] = [];
  override async append(partition: number, message: PushMessage): Promise<Appended> {
    this.taken.push(message);
    return await super.append(partition, message);
  }
}

/** Two comets of two regions, with rooms, and three clients. */
export async function setUp(
  { partitionBytesMax = 1_000_000, comets = true, ...options }:
    & Partial<HttpAppOptions>
    & { partitionBytesMax?: number; comets?: boolean } = {},
) {
  const clock = new ManualClock(START_MS);
  const nodes = new MemoryNodes(clock);
  const sessions = new MemorySessions(nodes);
  const pushLog = new NotingLog(clock, { partitions: 8, partitionBytesMax });
  const links = new Map<string, CometApi>();
  const logic = new Logic({
    pushLog,
    sessions,
    nodes,
    comets: links,
    clock,
    running: clock,
    options: {
      ...logicDefaults,
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
    apiKey: "",
    hosts: [],
    trustedProxies: [],
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
