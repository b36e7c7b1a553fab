import type { StallCounters } from "../../base/running_clock.ts";
import type { Comet } from "../../comet/comet.ts";
import { type Store, StoreCounters } from "../../drivers/store.ts";
import type { PushLog } from "../../drivers/ports.ts";
import type { Job } from "../../job/job.ts";
import type { Logic } from "../../logic/logic.ts";
import type { AccessCounters } from "../../logic/http/monitoring.ts";
import type { Process } from "../../platform/port.ts";
import type { HttpCounters } from "../../protocol/http/counters.ts";
import type { HttpServer } from "../../protocol/http/server.ts";
import type { RpcCounters } from "../../rpc/counters.ts";
import {
  accessHelp,
  cometHelp,
  httpHelp,
  jobHelp,
  logHelp,
  logicHelp,
  rpcHelp,
  stallHelp,
  storeHelp,
} from "../counter_help.ts";
import type { LogicPool } from "../../comet/rpc/logic_pool.ts";
import { logCounters } from "../line_output.ts";
import type { Metrics } from "../metrics.ts";

/** Shows what a comet in this process counts and holds. */
export function addComet(metrics: Metrics, comet: Comet): void {
  metrics.addCounters({ prefix: "comet", values: comet.counters, help: cometHelp });
  metrics.addGauge("comet_connections", "Connections.", () => comet.connections);
  metrics.addGauge(
    "comet_handshakes",
    "Connections that have not authenticated.",
    () => comet.door.handshakes,
  );
  metrics.addGauge(
    "comet_refusals",
    "Connections that are being told why they are turned away.",
    () => comet.door.refusals.size,
  );
  metrics.addGauge("comet_rooms", "Rooms that have members.", () => comet.rooms);
  const { pool, logs } = comet;
  metrics.addGauge(
    "comet_behind",
    "Members of rooms with history that are sent what they missed.",
    () => logs.catchUp.size,
  );
  metrics.addGauge(
    "comet_ring_bytes",
    "Bytes of messages that are kept for members who are behind.",
    () => logs.memory.ringBytes,
  );
  metrics.addGauge(
    "comet_kept_bytes",
    "Bytes of pushes to rooms that wait until the rooms' histories are read.",
    () => logs.memory.keptBytes,
  );
  metrics.addGauge(
    "comet_history_reads",
    "Reads of rooms' histories that are under way or wait.",
    () => logs.reads.size,
  );
  metrics.addGauge("comet_pool_bytes", "Bytes of the buffer pool.", () => pool.bytesReserved);
  metrics.addGauge(
    "comet_overflow_bytes",
    "Bytes that are lent beyond the buffer pool.",
    () => pool.overflowBytes,
  );
  metrics.addCounters<"overflows">({
    prefix: "comet_pool",
    values: pool,
    help: { overflows: "Buffers that the pool could not lend." },
  });
}

/** Shows whether pushes get to a comet. */
export function addProbe(metrics: Metrics, { probe }: Comet): void {
  metrics.addGauge(
    "comet_probe_age_seconds",
    "How long ago the latest push was asked for that came back to see whether any do.",
    () => probe.ageMs / 1_000,
  );
}

/** Shows the ended sessions that a comet could not tell logic of. */
export function addDisconnects(
  metrics: Metrics,
  { disconnects, undos }: Pick<LogicPool, "disconnects" | "undos">,
): void {
  metrics.addCounters({
    prefix: "comet_disconnects",
    values: async () => ({ dropped: disconnects.dropped + undos.dropped }),
    help: { dropped: "Ended sessions that logic was never told of: too many waited." },
  });
  metrics.addGauge(
    "comet_disconnects_queued",
    "Ended sessions that wait for a logic to be told of them.",
    () => disconnects.length + undos.length,
  );
}

/** Shows what logic counts, and what it knows of the cluster. */
export function addLogic(metrics: Metrics, logic: Logic): void {
  metrics.addCounters({ prefix: "logic", values: logic.counters, help: logicHelp });
  metrics.addGauge(
    "logic_hook_calls",
    "Calls of hooks that are under way or wait.",
    () => logic.hookCalls,
  );
  metrics.addGauge(
    "logic_webhook_calls_under_way",
    "Calls of the webhook that are under way.",
    () => logic.webhookCalls,
  );
  metrics.addGauge(
    "logic_auth_webhook_calls_under_way",
    "Calls of auth-webhook-url that are under way.",
    () => logic.auth.webhookCalls,
  );
  metrics.addGauge(
    "logic_auth_webhook_answers",
    "Answers of auth-webhook-url that are kept.",
    () => logic.auth.cachedAnswers,
  );
  metrics.addGauge(
    "logic_jwks_age_seconds",
    "How old the keys at the URL of jwks are; -1 where there are none.",
    () => (logic.auth.keysAgeMs ?? -1_000) / 1_000,
  );
  metrics.addGauge(
    "logic_probe_age_seconds",
    "How long ago the latest push was asked for that came back to a comet to see whether any do.",
    () => logic.probes.ageMs / 1_000,
  );
  metrics.addGauge(
    "cluster_comets",
    "Comets whose registration runs.",
    async () => (await logic.nodes.instances()).length,
  );
  metrics.addGauge(
    "cluster_connections",
    "Connections over all comets, as last reported.",
    async () => (await logic.online.total()).conn_count,
  );
}

/** Shows what a job counts and holds. */
export function addJob(metrics: Metrics, job: Job): void {
  metrics.addCounters({ prefix: "job", values: job.counters, help: jobHelp });
  metrics.addGauge("job_partitions", "Partitions that this job reads.", () => job.partitions);
  metrics.addGauge(
    "job_lane_bytes",
    "Bytes of pushes that wait for comets or are on their way.",
    () => job.laneBytes,
  );
}

/** Shows the pushes that are not yet acknowledged. */
export function addPushLog(metrics: Metrics, pushLog: PushLog): void {
  metrics.addGauge("push_log_entries", "Pushes not yet acknowledged.", async () => {
    const lag = await pushLog.lag();
    return lag.reduce((sum, { entries }) => sum + entries, 0);
  });
  metrics.addGauge("push_log_bytes", "Bytes of pushes not yet acknowledged.", async () => {
    const lag = await pushLog.lag();
    return lag.reduce((sum, { bytes }) => sum + bytes, 0);
  });
}

/** Shows how the ways to the stores are doing, added up. */
export function addStores(metrics: Metrics, stores: readonly Store[]): void {
  const values = async () => {
    const sum = new StoreCounters();
    for (const { counters } of stores) {
      for (const name of Object.keys(sum) as (keyof StoreCounters)[]) sum[name] += counters[name];
    }
    return sum;
  };
  metrics.addCounters({ prefix: "store", values, help: storeHelp });
}

/** Shows the links to other processes. */
export function addRpc(metrics: Metrics, counters: RpcCounters): void {
  metrics.addCounters({ prefix: "rpc", values: counters, help: rpcHelp });
}

/** Shows what the HTTP server counts, and its connections. */
export function addHttp(metrics: Metrics, counters: HttpCounters, server: HttpServer): void {
  metrics.addCounters({ prefix: "http", values: counters, help: httpHelp });
  metrics.addGauge("http_connections", "HTTP connections.", () => server.connections);
}

/** Shows whom a role without an API turns away. */
export function addAccess(metrics: Metrics, counters: AccessCounters): void {
  metrics.addCounters({ prefix: "metrics", values: counters, help: accessHelp });
}

/** Shows what the process takes, and what its log lost. */
export function addProcess(metrics: Metrics, process: Process, stalls: StallCounters): void {
  metrics.addCounters({ prefix: "process", values: stalls, help: stallHelp });
  metrics.addCounters({ prefix: "log", values: logCounters, help: logHelp });
  metrics.addGauge("process_memory_bytes", "Resident memory.", () => process.memoryBytes());
}
