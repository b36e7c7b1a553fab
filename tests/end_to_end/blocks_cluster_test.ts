/** Who is sent away and kept out, by any logic, on every comet. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CloseCodes } from "../../protocol/close_codes.ts";
import { RawClient, token, within } from "../support/raw_client.ts";
import { Roles } from "../support/roles.ts";
import { until } from "../../drivers/contract/waiting.ts";

const HOUR_MS = 3_600_000;

/** The code of the close that ends a connection; nothing where it ends without. */
async function closeCode(client: RawClient): Promise<number | undefined> {
  const last = (await client.untilClosed()).at(-1);
  return last?.op === 6 ? JSON.parse(last.body.toString()).code : undefined;
}

/** Two logics, and two comets that ask both in turn. */
async function start(roles: Roles) {
  const ports = [await roles.addLogic()];
  const first = roles.logic;
  ports.push(await roles.addLogic());
  const logics = [first, roles.logic];
  const comets = await Promise.all(["a", "b"].map((name) => roles.addComet(name, ...ports)));
  await until("all are linked", async () => comets.every(({ pool }) => pool.connected === 2));
  return { logics, comets };
}

type Started = Awaited<ReturnType<typeof start>>;

test("blocks and closed rooms hold on every comet, whichever logic is asked", () =>
  Roles.use(async (roles) => {
    // One cluster for all: its comets take a second to open.
    const started = await start(roles);
    await blockEverywhere(started);
    await blockWhilePouringIn(started);
    await closeRoomEverywhere(started);
  }));

/** A block closes a user's clients on both comets, and both logics refuse them afterwards. */
async function blockEverywhere({ logics: [logic, other], comets }: Started): Promise<void> {
  const open = (comet: number, fields: object) => RawClient.open(comets[comet].port, { ...fields });
  const blocked = [
    await open(0, { mid: 7, key: "a" }),
    await open(1, { mid: 7, key: "b" }),
    await open(1, { mid: 8, key: "stolen" }),
  ];
  const others = [await open(0, { mid: 8, key: "c" }), await open(1, { mid: 9, key: "d" })];
  assert.deepEqual(await logic.blocks.block({ mid: 7n }, HOUR_MS), { closed: 2, failed: 0 });
  assert.deepEqual(await other.blocks.block({ key: "stolen" }, HOUR_MS), {
    closed: 1,
    failed: 0,
  });
  for (const client of blocked) assert.equal(await closeCode(client), CloseCodes.blocked.code);
  for (let round = 0; round < 4; round++) {
    for (const { port } of comets) {
      for (const fields of [{ mid: 7, key: `new-${round}` }, { mid: 10, key: "stolen" }]) {
        const client = await RawClient.connect(port);
        client.send(7, 1, token(fields));
        await within("the refused client's end", client.closed);
        assert.equal(client.waiting, 0);
      }
    }
  }
  assert.ok(logic.counters.refusedBlocked > 0 && other.counters.refusedBlocked > 0);
  assert.equal(await logic.blocks.unblock({ mid: 7n }), true);
  others.push(await open(1, { mid: 7, key: "a" }));
  for (const client of others) {
    client.send(2, 1);
    assert.equal((await client.next()).op, 3);
    client.close();
  }
}

/** Clients that pour in while they are blocked are all out in the end. */
async function blockWhilePouringIn({ logics: [logic], comets }: Started): Promise<void> {
  const clients: RawClient[] = [];
  for (let index = 0; index < 60; index++) {
    const client = await RawClient.connect(comets[index % 2].port);
    client.send(7, 1, token({ mid: 7, key: `k${index % 20}` }));
    clients.push(client);
    if (index === 30) await logic.blocks.block({ mid: 7n }, HOUR_MS);
  }
  for (const client of clients) await within("each client's end", client.closed);
  assert.ok(clients.some(({ waiting }) => waiting > 0), "some were in before");
  assert.equal((await logic.closer.closeAll({ mids: [7n] }, CloseCodes.blocked)).closed, 0);
}

/** A room is closed on both comets, for who joined it by its auth and by operation 64. */
async function closeRoomEverywhere({ logics: [logic], comets }: Started): Promise<void> {
  const members: RawClient[] = [];
  for (let mid = 101; mid <= 120; mid++) {
    const { port } = comets[mid % 2];
    const isFurther = mid > 110;
    const client = await RawClient.open(port, {
      mid,
      room_id: isFurther ? "live://2" : "live://1",
      features: ["rooms"],
    });
    if (isFurther) client.send(64, 2, '{"room":"live://1"}');
    if (isFurther) assert.equal((await client.next()).op, 65);
    members.push(client);
  }
  const stays = await RawClient.open(comets[0].port, { mid: 99, room_id: "live://2" });
  const close = { code: 4100, reason: "the show is over", reconnect: false };
  const closed = await logic.closer.closeByApplication({ room: "live://1" }, close);
  assert.deepEqual(closed, { closed: 20, failed: 0 });
  for (const client of members) assert.equal(await closeCode(client), 4100);
  stays.send(2, 1);
  assert.equal((await stays.next()).op, 3);
  stays.close();
}
