import type { SimOptions } from "./options.ts";

/** The options of a run, as on the command line. */
export function optionTexts(options: SimOptions): string[] {
  const { scenario, clients, rooms, rate, size, transports, heartbeatMs, ramp, ...rest } = options;
  return [
    `--scenario ${scenario}`,
    `--clients ${clients}`,
    `--rooms ${rooms}`,
    `--rate ${rate}`,
    `--size ${size}`,
    `--transport ${transports}`,
    `--heartbeat ${heartbeatMs}ms`,
    `--ramp ${ramp}/s`,
    `--duration ${rest.durationMs}ms`,
    `--share ${Number((100 * rest.share).toFixed(6))}%`,
    `--seed ${rest.seed}`,
    ...(rest.workers === undefined ? [] : [`--workers ${rest.workers}`]),
    ...(rest.targets.length > 0 ? [`--target ${rest.targets}`, `--api ${rest.api}`] : []),
  ];
}
