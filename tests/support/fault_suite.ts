import { after, before, describe } from "node:test";
import { Cluster, type ClusterOptions } from "./cluster.ts";
import { PushTraffic } from "./push_traffic.ts";

/** What a fault test works with. */
export interface Faults {
  readonly cluster: Cluster;
  readonly traffic: PushTraffic;
  /** Says what was measured. */
  note(text: string): void;
}

/** Runs one fault, with all checks behind it. */
export type FaultCase = (fault: (faults: Faults) => Promise<void>) => () => Promise<void>;

/** What chance decides in every run, unless the environment has another seed to try. */
export function faultSeed(): number {
  return Number(process.env.FAULT_SEED ?? 20_260_401);
}

/**
 * Runs fault tests one after the other on one cluster under load. After each fault everything that
 * was ever pushed is checked, and that no process has grown.
 *
 * @param define Defines the tests; what it is given makes the body of each.
 */
export function faultSuite(
  name: string,
  options: ClusterOptions,
  define: (run: FaultCase) => void,
): void {
  describe(name, () => {
    const seed = faultSeed();
    let faults: Faults | undefined;
    before(async () => {
      const cluster = await Cluster.start(options);
      const { clientPorts: comets, pushTargets: logics } = cluster;
      try {
        const traffic = await PushTraffic.start({ comets, logics, seed });
        const note = (text: string) => console.log(`${name}: ${text} (FAULT_SEED=${seed})`);
        faults = { cluster, traffic, note };
      } catch (error) {
        console.log(cluster.tails());
        await cluster.stop();
        throw error;
      }
    });
    after(async () => {
      await faults?.traffic.stop();
      await faults?.cluster.stop();
    });
    define((fault) => () => runFault(faults!, fault));
  });
}

async function runFault(faults: Faults, fault: (faults: Faults) => Promise<void>): Promise<void> {
  const { cluster, traffic, note } = faults;
  try {
    // Each fault finds the same, whatever the one before it did.
    await traffic.goHome();
    traffic.resume();
    await fault(faults);
    await traffic.check();
    cluster.checkMemory();
  } catch (error) {
    note("this run failed");
    console.log(cluster.tails());
    throw error;
  }
}
