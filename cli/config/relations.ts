import type { Address } from "../../platform/port.ts";
import { isLoopback } from "../../protocol/host.ts";
import { formatAddress, isWildcard, parseRpcAddress } from "../../options/address.ts";
import { options } from "./options.ts";
import type { Config } from "./schema.ts";

function overlap(a: Address, b: Address): boolean {
  if (a.port === 0 || a.port !== b.port) return false;
  return a.hostname === b.hostname || isWildcard(a.hostname) || isWildcard(b.hostname);
}

/** What runs: every role at once, or one of them. */
export type Role = "start" | "comet" | "logic" | "job";

/** On which addresses a role listens. */
const listenersOf = {
  start: ["tcp", "ws", "http"],
  comet: ["tcp", "ws"],
  logic: ["http"],
  job: [],
} as const;

/**
 * Checks what must hold between options.
 *
 * @param role What is to run with them.
 * @returns A line for each mistake.
 */
export function relations(config: Config, role: Role): string[] {
  return [
    ...listening(config, role),
    ...needed(config, role),
    ...addresses(config),
    ...secrets(config, role),
  ];
}

/** Addresses whose form is right and whose port is not. */
function addresses({ logic, rpc, advertiseRpc, metrics }: Config): string[] {
  const given = [
    ...logic.map((text) => [options.logic.name, text]),
    [options.rpc.name, rpc],
    [options.advertiseRpc.name, advertiseRpc],
    [options.metrics.name, metrics],
  ];
  return given.filter(([, text]) => text !== "" && parseRpcAddress(text) === undefined)
    .map(([name, text]) => `${name} = "${text}": the port must be 0 to 65535`);
}

/** What a role cannot do without. */
function needed({ redis, redisToken, logic }: Config, role: Role): string[] {
  const mistakes: string[] = [];
  if ((role === "logic" || role === "job") && redis === "") {
    mistakes.push(`${options.redis.name} must be set: logic and job work together through it`);
  }
  if (redis.startsWith("https:") && redisToken === "") {
    mistakes.push(`${options.redisToken.name} must be set for an https: URL`);
  }
  if (role === "comet" && logic.length === 0) {
    mistakes.push(`${options.logic.name} must name at least one logic`);
  }
  return mistakes;
}

/** Who could reach what without showing anything. */
function secrets({ rpc, clusterSecret }: Config, role: Role): string[] {
  if ((role !== "logic" && role !== "comet") || rpc === "" || clusterSecret !== "") return [];
  const address = parseRpcAddress(rpc);
  if (address === undefined) return [];
  if (address.hostname.startsWith("unix:") || isLoopback(address.hostname)) return [];
  return [
    `rpc = "${rpc}": anyone who reaches it could push; set ${options.clusterSecret.name}, or ` +
    `listen on 127.0.0.1`,
  ];
}

function listening(config: Config, role: Role): string[] {
  const mistakes: string[] = [];
  const listeners: readonly ("tcp" | "ws" | "http")[] = listenersOf[role];
  listeners.forEach((one, at) => {
    for (const other of listeners.slice(at + 1)) {
      if (!overlap(config[one], config[other])) continue;
      mistakes.push(
        `${one} = "${formatAddress(config[one])}" and ${other} = "${
          formatAddress(config[other])
        }": they need different ports`,
      );
    }
  });
  const hasApi = role === "start" || role === "logic";
  if (hasApi && !isLoopback(config.http.hostname) && config.apiKey === "" && !config.insecureApi) {
    mistakes.push(
      `http = "${formatAddress(config.http)}": anyone who reaches it could push; set ` +
        `${options.apiKey.name}, or listen on 127.0.0.1, or say ${options.insecureApi.name}`,
    );
  }
  return mistakes;
}
