import { type Store, StoreCounters, type StoreDependencies } from "../store.ts";
import { MemoryModeration } from "./moderation.ts";
import { MemoryNodes } from "./nodes.ts";
import { MemoryPushLog } from "./push_log.ts";
import { MemorySessions } from "./sessions.ts";

/** Opens a store in this process, whatever its URL says: what is in it ends with the process. */
export async function openMemory(_url: string, { clock, prng }: StoreDependencies): Promise<Store> {
  const counters = new StoreCounters();
  return {
    counters,
    openPushLog: async (options) => new MemoryPushLog(clock, options, prng, counters),
    openNodes: async (leaseMs) => new MemoryNodes(clock, leaseMs),
    openSessions: async (nodes) => {
      if (nodes instanceof MemoryNodes) return new MemorySessions(nodes);
      throw new Error("Cannot open sessions in memory: the nodes must be in memory, too");
    },
    openModeration: async () => new MemoryModeration(clock, counters),
    problem: async () => undefined,
    close: async () => {},
  };
}
