import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { MemoryNodes } from "../../drivers/memory/nodes.ts";
import type { RpcLink } from "../../rpc/link.ts";
import { testNode } from "../../tests/support/test_comet.ts";
import { WorkerLinks } from "./worker_links.ts";

/** A link to a worker that never answers, and whether it was closed. */
function linkTo(id: string): RpcLink & { isClosed: boolean } {
  const link = {
    isClosed: false,
    peer: { role: "comet", id },
    call: () => new Promise(() => {}),
    close: () => void (link.isClosed = true),
  };
  return link as unknown as RpcLink & { isClosed: boolean };
}

/** A worker that is registered and linked. */
async function start() {
  const clock = new ManualClock();
  const nodes = new MemoryNodes(clock, Infinity);
  const workers = new WorkerLinks(clock, nodes);
  await nodes.register({ ...testNode("w"), server: "w~1" });
  const link = linkTo("w~1");
  workers.opened(link);
  return { clock, nodes, workers, link };
}

describe("WorkerLinks", () => {
  it("keeps a worker whose link is lost, until it links again", async () => {
    const { clock, nodes, workers, link } = await start();
    const comet = workers.comets.get("w~1");
    workers.closed(link);
    assert.equal(workers.links.get("w~1"), undefined, "logic cannot reach it");
    assert.equal(comet?.connected, false);
    clock.advance(3_600_000);
    assert.deepEqual([...workers.comets.servers()], ["w~1"]);
    assert.equal(nodes.isAlive("w~1"), true, "its sessions are found");
    workers.opened(linkTo("w~1"));
    assert.equal(workers.comets.get("w~1"), comet, "what is on its way to it stays");
    assert.equal(comet?.connected, true);
    assert.ok(workers.links.get("w~1"));
  });

  it("does not care for the end of a link in whose place there is another", async () => {
    const { workers, link } = await start();
    workers.opened(linkTo("w~1"));
    workers.closed(link);
    assert.ok(workers.links.get("w~1"), "logic knows it");
    assert.equal(workers.comets.get("w~1")?.connected, true, "and so does the job");
  });

  it("takes a worker out when its process has ended, and hears no more of it", async () => {
    const { nodes, workers, link } = await start();
    workers.opened(linkTo("other~1"));
    workers.ended("w");
    assert.equal(link.isClosed, true);
    assert.deepEqual([...workers.comets.servers()], ["other~1"]);
    assert.equal(nodes.isAlive("w~1"), false);
  });
});
