import type { BenchOptions } from "./measure.ts";

/** A benchmark prints its tables. */
interface Bench {
  /** @param scale 1 is the full size, less is quicker and says less. */
  run(scale: number, options: BenchOptions): Promise<void> | void;
}

/** All benchmarks in the order in which they run. */
export const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  codec: () => import("./codec.ts"),
  wheel: () => import("./wheel.ts"),
  pool: () => import("./pool.ts"),
  fanout: () => import("./fanout.ts"),
  heartbeat: () => import("./heartbeat.ts"),
  memory: () => import("./memory.ts"),
  latency: () => import("./latency.ts"),
  http: () => import("./http.ts"),
  flood: () => import("./flood.ts"),
  burst: () => import("./burst.ts"),
  rpc: () => import("./rpc.ts"),
  tls: () => import("./tls.ts"),
  routing: () => import("./routing.ts"),
  cluster: () => import("./cluster.ts"),
  drain: () => import("./drain.ts"),
  merge: () => import("./merge.ts"),
  slow: () => import("./slow.ts"),
  recovery: () => import("./recovery.ts"),
  history: () => import("./history.ts"),
  append: () => import("./append.ts"),
  publish: () => import("./publish.ts"),
  auth: () => import("./auth.ts"),
  blocks: () => import("./blocks.ts"),
  delivered: () => import("./delivered.ts"),
  compare: () => import("./compare.ts"),
};
