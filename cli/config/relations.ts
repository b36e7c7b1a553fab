import { isIPv6 } from "node:net";
import type { Address } from "../../platform/port.ts";
import { isLoopback } from "../../protocol/host.ts";
import { isProtocolOperation } from "../../protocol/operations.ts";
import { formatAddress, parseRpcAddress } from "../../options/address.ts";
import { authRelations } from "./auth_relations.ts";
import { options } from "./options.ts";
import { tlsRelations } from "./tls_relations.ts";
import {
  type Config,
  type Field,
  isReplaced,
  listenersOf,
  needsApiKey,
  optionList,
  type ServerCommand,
} from "./schema.ts";

function overlap(a: Address, b: Address): boolean {
  if (a.port === 0 || a.port !== b.port) return false;
  const covers = ({ hostname }: Address, other: Address) =>
    hostname === other.hostname || hostname === "::" ||
    (hostname === "0.0.0.0" && !isIPv6(other.hostname));
  return covers(a, b) || covers(b, a);
}

/**
 * Checks what must hold between options.
 *
 * @param command What is to run with them.
 * @param placeOf Where an option was given; nothing for those that were not.
 * @returns A line for each mistake.
 */
export function relations(
  config: Config,
  command: ServerCommand,
  placeOf: (field: Field) => string | undefined,
): string[] {
  return [
    ...alternatives(config, placeOf),
    ...ports(config, command),
    ...proxied(config),
    ...tlsRelations(config, command),
    ...rooms(config),
    ...webhook(config, command),
    ...authRelations(config, command === "start" || command === "logic"),
    ...api(config, command),
    ...needed(config, command),
    ...addresses(config),
    ...secrets(config, command),
  ];
}

/** Short forms beside the tables that stand for them. */
function alternatives(config: Config, placeOf: (field: Field) => string | undefined): string[] {
  return optionList.filter(([, option]) => isReplaced(option, config)).flatMap(
    ([field, option]) => {
      const place = placeOf(field);
      return place === undefined
        ? []
        : `${place}: leave it out where [[${option.unless}]] are given`;
    },
  );
}

/** Addresses whose form is right and whose port is not. */
function addresses({ logic, rpc, advertiseRpc, metrics, wss }: Config): string[] {
  const given = [
    ...logic.map((text) => [options.logic.name, text]),
    [options.rpc.name, rpc],
    [options.advertiseRpc.name, advertiseRpc],
    [options.metrics.name, metrics],
    [options.wss.name, wss],
  ];
  return given.filter(([, text]) => text !== "" && parseRpcAddress(text) === undefined)
    .map(([name, text]) => `${name} = "${text}": the port must be 0 to 65535`);
}

/** Listeners that nobody could reach. */
function proxied({ listeners, trustedProxies }: Config): string[] {
  if (trustedProxies.length > 0) return [];
  return listeners.flatMap(({ proxy }, index) =>
    proxy ? [`[[listeners]] #${index + 1}: proxy = true needs trusted-proxies: ${NOBODY}`] : []
  );
}

const NOBODY = "nobody else may connect there";

/** Options of rooms that have no effect, or none without another. */
function rooms({ rooms }: Config): string[] {
  return rooms.flatMap((room, index) => {
    const place = `[[rooms]] #${index + 1}`;
    const { historyBy, historySize, upstream, slowModeMs, duplicateWindowMs } = room;
    const mistakes: string[] = [];
    if (isProtocolOperation(room.publishOperation)) {
      const operation = `publish-operation = ${room.publishOperation}`;
      mistakes.push(`${place}: ${operation}: it must not be one of the protocol's own`);
    }
    if (historyBy === "media" && historySize === 0) {
      mistakes.push(`${place}: history-by = "media" needs a history-size: no message is kept`);
    }
    if (room.webhookFallback !== "refuse" && upstream !== "webhook") {
      mistakes.push(`${place}: webhook-fallback needs the upstream webhook, not ${upstream}`);
    }
    if (upstream === "off" || upstream === "log") {
      const given = [["slow-mode", slowModeMs], ["duplicate-window", duplicateWindowMs]] as const;
      for (const [name, value] of given) {
        if (value === 0) continue;
        mistakes.push(`${place}: ${name} needs the upstream publish or webhook, not ${upstream}`);
      }
    }
    return mistakes;
  });
}

/** What the webhook cannot do without; comets and jobs do not call it. */
function webhook({ rooms, webhookUrl, webhookSecret }: Config, command: ServerCommand): string[] {
  if (command !== "start" && command !== "logic") return [];
  const { webhookUrl: url, webhookSecret: secret } = options;
  if (webhookUrl === "") {
    return rooms.flatMap(({ upstream }, index) =>
      upstream === "webhook"
        ? `[[rooms]] #${index + 1}: upstream = "webhook" needs ${url.name} to be set`
        : []
    );
  }
  const mistakes: string[] = [];
  if (!URL.canParse(webhookUrl)) mistakes.push(`${url.name} = "${webhookUrl}": it is no URL`);
  if (webhookSecret === "") {
    mistakes.push(`${secret.name} must be set: by it the application knows who calls`);
  }
  return mistakes;
}

/** What a role cannot do without. */
function needed({ redis, redisToken, logic, data }: Config, command: ServerCommand): string[] {
  const mistakes: string[] = [];
  if ((command === "logic" || command === "job") && redis === "") {
    mistakes.push(`${options.redis.name} must be set: logic and job work together through it`);
  }
  if (redis.startsWith("memory:")) {
    mistakes.push(`${options.redis.name} must not be memory: no other process has that`);
  }
  if (redis.startsWith("https:") && redisToken === "") {
    mistakes.push(`${options.redisToken.name} must be set for an https: URL`);
  }
  if (command !== "start" && data !== "") {
    mistakes.push(
      `${options.data.name} = "${data}": only start keeps history in a directory; ` +
        `in a cluster ${options.redis.name} has it`,
    );
  }
  if (command === "comet" && logic.length === 0) {
    mistakes.push(`${options.logic.name} must name at least one logic`);
  }
  return mistakes;
}

/** Who could reach what without showing anything. */
function secrets({ rpc, clusterSecret }: Config, command: ServerCommand): string[] {
  if ((command !== "logic" && command !== "comet") || rpc === "" || clusterSecret !== "") return [];
  const address = parseRpcAddress(rpc);
  if (address === undefined) return [];
  if (address.hostname.startsWith("unix:") || isLoopback(address.hostname)) return [];
  return [
    `rpc = "${rpc}": anyone who reaches it could push; set ${options.clusterSecret.name}, or ` +
    `listen on 127.0.0.1`,
  ];
}

/** The addresses on which a role listens for clients and back ends, with their places. */
function listening(config: Config, command: ServerCommand): (readonly [string, Address])[] {
  const clients = listenersOf(config).map(({ address }, index) =>
    [
      config.listeners.length > 0 ? `[[listeners]] #${index + 1}` : ["tcp", "ws", "wss"][index],
      address,
    ] as const
  );
  return [
    ...(command === "start" || command === "comet" ? clients : []),
    ...(command === "start" || command === "logic" ? [["http", config.http] as const] : []),
  ];
}

function ports(config: Config, command: ServerCommand): string[] {
  const all = listening(config, command).map(([place, address]) => ({
    address,
    text: `${place} = "${formatAddress(address)}"`,
  }));
  return all.flatMap((one, at) =>
    all.slice(at + 1).filter((other) => overlap(one.address, other.address))
      .map((other) => `${one.text} and ${other.text}: they need different ports`)
  );
}

function api(config: Config, command: ServerCommand): string[] {
  const { http, insecureApi } = config;
  const hasApi = command === "start" || command === "logic";
  if (!hasApi || isLoopback(http.hostname) || needsApiKey(config) || insecureApi) return [];
  return [
    `http = "${formatAddress(http)}": anyone who reaches it could push; set ` +
    `${options.apiKey.name} or ${options.apiKeysFile.name}, or listen on 127.0.0.1, or say ${options.insecureApi.name}`,
  ];
}
