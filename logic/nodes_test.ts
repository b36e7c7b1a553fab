import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { MemoryNodes } from "../drivers/memory/nodes.ts";
import { Balancer } from "./balancer.ts";
import { Cluster } from "./cluster.ts";
import { NodeListing, nodesDefaults } from "./nodes.ts";

const PHONE_WEST = "10.1.0.9";
const PHONE_EAST = "::ffff:10.2.0.9";

/** Comets by id and region. */
async function setUp(comets: Readonly<Record<string, string>>) {
  const clock = new ManualClock();
  const nodes = new MemoryNodes(clock);
  for (const [server, region] of Object.entries(comets)) {
    await nodes.register({
      server,
      region,
      zone: "",
      env: "",
      name: server,
      rpc: "",
      hostname: `host-${server}`,
      addresses: [`${server}.v4`, `${server}.v6`],
      version: "",
      weight: 10,
      offline: false,
    });
  }
  const listing = new NodeListing(new Cluster(nodes, clock), new Balancer(), {
    ...nodesDefaults,
    defaultDomain: "push.example.com",
    hostDomain: ".example.com",
    heartbeatMs: 1_500,
    regions: { west: ["10.1.0.0/16"], east: ["10.2.0.0/16"] },
  });
  return { clock, nodes, listing };
}

test("NodeListing.weighted() names hosts for the web and addresses for everything else", async () => {
  const { listing } = await setUp({ a: "west", b: "east" });
  const web = await listing.weighted("web", PHONE_WEST);
  assert.deepEqual(web.nodes, ["host-a.example.com", "host-b.example.com"]);
  for (const platform of ["", "android", "WEB"]) {
    const { nodes } = await listing.weighted(platform, PHONE_WEST);
    assert.deepEqual(nodes, ["a.v4", "a.v6", "b.v4", "b.v6"]);
  }
});

test("NodeListing.weighted() begins with a node of the caller's own region", async () => {
  const { listing } = await setUp({ a: "west", b: "east" });
  const first = async (address: string) => (await listing.weighted("web", address)).nodes[0];
  assert.equal(await first(PHONE_EAST), "host-b.example.com");
  assert.equal(await first(PHONE_WEST), "host-a.example.com");
});

test("NodeListing.weighted() names at most 5 nodes", async () => {
  const { listing } = await setUp({ a: "", b: "", c: "", d: "", e: "", f: "" });
  assert.equal((await listing.weighted("web", "")).nodes.length, 5);
});

test("NodeListing.weighted() has only the default domain when there is no node", async () => {
  const { listing } = await setUp({});
  for (const platform of ["", "web"]) {
    const { domain, nodes } = await listing.weighted(platform, PHONE_WEST);
    assert.deepEqual([domain, nodes], ["push.example.com", ["push.example.com"]]);
  }
});

test("NodeListing.weighted() no longer names a node that goes offline", async () => {
  const { clock, nodes, listing } = await setUp({ a: "", b: "" });
  await listing.weighted("web", "");
  await nodes.setOffline("a");
  clock.advance(1_000);
  assert.deepEqual((await listing.weighted("web", "")).nodes, ["host-b.example.com"]);
  await nodes.setOffline("b");
  clock.advance(1_000);
  assert.deepEqual((await listing.weighted("web", "")).nodes, ["push.example.com"]);
});

test("NodeListing.weighted() says times in whole seconds, at least 1", async () => {
  const { listing } = await setUp({});
  const { heartbeat, backoff } = await listing.weighted("", "");
  assert.equal(heartbeat, 1);
  assert.deepEqual(backoff, { max_delay: 300, base_delay: 3, factor: 1.8, jitter: 0.3 });
});

test("NodeListing.instances() lists live nodes, those that are leaving included", async () => {
  const { clock, nodes, listing } = await setUp({ a: "", b: "", c: "" });
  clock.advance(9_999);
  await nodes.setOffline("a");
  const counts = { connections: 3, clientAddresses: 2, rooms: new Map() };
  for (const server of ["a", "b"]) await nodes.report(server, counts);
  clock.advance(1);
  const instances = await listing.instances();
  assert.deepEqual(instances.map(({ hostname }) => hostname), ["host-a", "host-b"]);
  assert.deepEqual(instances[0].metadata, {
    weight: "10",
    conn_count: "3",
    ip_count: "2",
    offline: "true",
    addrs: "a.v4,a.v6",
  });
  assert.equal(instances[0].latest_timestamp, 9_999_000_000);
});
