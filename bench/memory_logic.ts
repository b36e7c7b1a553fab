import { systemClock } from "../platform/system_clock.ts";
import { MemoryNodes } from "../drivers/memory/nodes.ts";
import { MemoryPushLog } from "../drivers/memory/push_log.ts";
import { MemorySessions } from "../drivers/memory/sessions.ts";
import { nameOf } from "../protocol/cluster/comet_node.ts";
import { Logic, logicDefaults } from "../logic/logic.ts";
import { StaticCometDirectory } from "../job/comet_directory.ts";

/** A logic with everything in memory, and the directory where its one comet is to be added. */
export async function memoryLogic(
  server: string,
): Promise<{ logic: Logic; comets: StaticCometDirectory }> {
  const nodes = new MemoryNodes(systemClock);
  await nodes.register({
    server,
    name: nameOf(server),
    rpc: "",
    region: "bench",
    zone: "bench",
    env: "bench",
    hostname: "localhost",
    addresses: ["127.0.0.1"],
    version: "0",
    weight: 10,
    offline: false,
  });
  const comets = new StaticCometDirectory();
  const logic = new Logic({
    pushLog: new MemoryPushLog(systemClock),
    sessions: new MemorySessions(nodes),
    nodes,
    comets,
    clock: systemClock,
    options: logicDefaults,
  });
  return { logic, comets };
}
