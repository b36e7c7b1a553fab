/** What a run has come to at one moment; everything only grows. */
export interface Totals {
  /** Monotonic, in milliseconds. */
  readonly atMs: number;
  /** Deliveries to clients. */
  readonly received: number;
  /** Pushes that were due, and those that were not accepted. */
  readonly due: number;
  readonly refused: number;
  readonly lostConnections: number;
  readonly heartbeatsMissed: number;
  /** CPU time in seconds; of a server that runs elsewhere it is not known. */
  readonly serverCpuS: number | undefined;
  readonly clientCpuS: number;
}

/** What a run does between two moments. */
export interface Rates {
  readonly receivedPerS: number;
  readonly duePerS: number;
  /** Processors that the server takes. */
  readonly serverCores: number | undefined;
  readonly clientCores: number;
}

/** What happened between two moments that are apart. */
export function ratesBetween(before: Totals, after: Totals): Rates {
  const spanS = (after.atMs - before.atMs) / 1_000;
  const { serverCpuS } = before;
  return {
    receivedPerS: (after.received - before.received) / spanS,
    duePerS: (after.due - before.due) / spanS,
    serverCores: after.serverCpuS === undefined || serverCpuS === undefined
      ? undefined
      : (after.serverCpuS - serverCpuS) / spanS,
    clientCores: (after.clientCpuS - before.clientCpuS) / spanS,
  };
}
