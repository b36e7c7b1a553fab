import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { MemoryNodes } from "../../drivers/memory/nodes.ts";
import { EMPTY } from "../../protocol/frame.ts";
import type { RpcLink } from "../../rpc/link.ts";
import { testNode } from "../../tests/support/test_comet.ts";
import { RELOAD_METHOD, WorkerLinks } from "./worker_links.ts";

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

  it("gives workers another configuration, now and when their links are back, whatever others do", async () => {
    const { workers } = await start();
    const given: string[] = [];
    const taking = (id: string, call: (body: string) => Promise<Uint8Array>) =>
      ({
        ...linkTo(id),
        call: (method: number, body: Uint8Array) =>
          method === RELOAD_METHOD
            ? call(`${id} ${new TextDecoder().decode(body)}`)
            : new Promise(() => {}),
      }) as unknown as RpcLink;
    const takes = (text: string) => Promise.resolve(void given.push(text)).then(() => EMPTY);
    const first = taking("w~1", takes);
    workers.opened(first);
    workers.opened(taking("x~1", () => Promise.reject(new Error("no"))));
    assert.deepEqual(given, [], "a worker has what it was started with");
    const bytes = (text: string) => new TextEncoder().encode(text);
    await workers.reload(new Map([["w", bytes("of w")], ["x", bytes("of x")]]));
    assert.deepEqual(given, ["w~1 of w"]);
    workers.closed(first);
    workers.opened(taking("w~1", takes));
    workers.opened(taking("x~2", takes));
    workers.opened(taking("y~1", takes));
    assert.deepEqual(given.slice(1), ["w~1 of w", "x~2 of x"]);
  });
});
