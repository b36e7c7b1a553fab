import { formatAddress, isLoopback, isWildcard } from "../address.ts";
import type { Address } from "../../platform/port.ts";
import { options } from "./options.ts";
import type { Config } from "./schema.ts";

function overlap(a: Address, b: Address): boolean {
  if (a.port === 0 || a.port !== b.port) return false;
  return a.hostname === b.hostname || isWildcard(a.hostname) || isWildcard(b.hostname);
}

/**
 * Checks what must hold between options.
 *
 * @returns A line for each mistake.
 */
export function relations(config: Config): string[] {
  const mistakes: string[] = [];
  const listeners = ["tcp", "ws", "http"] as const;
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
  if (!isLoopback(config.http.hostname) && config.apiKey === "" && !config.insecureApi) {
    mistakes.push(
      `http = "${formatAddress(config.http)}": anyone who reaches it could push; set ` +
        `${options.apiKey.name}, or listen on 127.0.0.1, or say ${options.insecureApi.name}`,
    );
  }
  return mistakes;
}
