import { parseRpcAddress } from "../../options/address.ts";
import { options } from "./options.ts";
import { type Config, listenersOf, type ServerCommand } from "./schema.ts";

const { tlsCert, tlsKey, tlsCa, rpcTls, httpTls, wss } = options;

/** The options by which a role speaks TLS as a server, with their places. */
export function tlsWanted(config: Config, command: ServerCommand): string[] {
  const wanted: string[] = [];
  const hasClients = command === "start" || command === "comet";
  const hasApi = command === "start" || command === "logic";
  if (hasClients && config.wss !== "") wanted.push(`${wss.name} = "${config.wss}"`);
  if (hasClients) {
    for (const [index, { tls }] of config.listeners.entries()) {
      if (tls) wanted.push(`[[listeners]] #${index + 1}: tls = true`);
    }
  }
  if (config.httpTls && (hasApi || config.metrics !== "")) wanted.push(httpTls.name);
  const isUnix = parseRpcAddress(config.rpc)?.hostname.startsWith("unix:") ?? false;
  if (config.rpcTls && !isUnix && (command === "logic" || command === "comet")) {
    wanted.push(rpcTls.name);
  }
  return wanted;
}

/** What must hold between the options of TLS. */
export function tlsRelations(config: Config, command: ServerCommand): string[] {
  const { tlsCert: certs, tlsKey: keys } = config;
  const mistakes: string[] = [];
  if (certs.length !== keys.length) {
    mistakes.push(
      `${tlsCert.name} and ${tlsKey.name} must name as many files, each certificate and its key: ` +
        `current numbers are ${certs.length} and ${keys.length}`,
    );
  } else if (certs.length === 0) {
    for (const place of tlsWanted(config, command)) {
      mistakes.push(`${place} needs ${tlsCert.name} and ${tlsKey.name}`);
    }
  }
  if (config.tlsCa !== "" && !config.rpcTls) {
    mistakes.push(
      `${tlsCa.name} = "${config.tlsCa}" needs ${rpcTls.name}: nobody else is verified`,
    );
  }
  for (const [index, { tls, proxy }] of listenersOf(config).entries()) {
    if (!tls || !proxy) continue;
    mistakes.push(
      `[[listeners]] #${
        index + 1
      }: tls = true and proxy = true: proxies speak the PROXY protocol ` +
        `before TLS; let them end TLS`,
    );
  }
  return mistakes;
}
