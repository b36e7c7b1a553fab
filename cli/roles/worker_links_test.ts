import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { MemoryNodes } from "../../drivers/memory/nodes.ts";
import type { RpcLink } from "../../protocol/rpc/link.ts";
import { WorkerLinks } from "./worker_links.ts";

/** A link to a worker that never answers. */
function linkTo(id: string): RpcLink {
  return { peer: { role: "comet", id }, call: () => new Promise(() => {}) } as unknown as RpcLink;
}

describe("WorkerLinks", () => {
  it("knows a worker for as long as it has a link", () => {
    const clock = new ManualClock();
    const workers = new WorkerLinks(clock, new MemoryNodes(clock));
    const [old, fresh] = [linkTo("w~1"), linkTo("w~1")];
    workers.opened(old);
    workers.opened(fresh);
    workers.closed(old);
    assert.ok(workers.links.get("w~1"), "logic knows it");
    assert.equal(workers.comets.get("w~1")?.connected, true, "and so does the job");
    workers.closed(fresh);
    assert.equal(workers.links.get("w~1"), undefined);
    assert.equal(workers.comets.get("w~1"), undefined);
  });
});
