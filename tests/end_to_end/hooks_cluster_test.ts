import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConnectionRef } from "../../protocol/cluster/connection.ts";
import { RawClient, within } from "../support/raw_client.ts";
import { Roles } from "../support/roles.ts";

const decoder = new TextDecoder();

test("hooks of a cluster's logic hold for the clients of its comets", () =>
  Roles.use(async (roles) => {
    const { promise: ended, resolve } = Promise.withResolvers<ConnectionRef>();
    roles.hooks = {
      async authenticate({ token }) {
        const mid = { "alice's": 1n, "bob's": 2n }[decoder.decode(token)];
        return mid === undefined ? { refuse: "unknown" } : { mid, room: "lobby" };
      },
      authorizeJoin: async ({ mid }, room) => mid === 1n || room !== "staff",
      message: async ({ mid }, room, { body }) => ({ reply: `${mid} ${room} ${body.length}` }),
      disconnected: resolve,
    };
    const comet = await roles.addComet("comet-1", await roles.addLogic());
    const ask = async (client: RawClient, op: number, body: string) => {
      client.send(op, 1, body);
      const answer = await client.next();
      return `${answer.op} ${answer.body}`;
    };
    const mallory = await RawClient.connect(comet.port);
    mallory.send(7, 1, "mallory's");
    await within("the refused client's end", mallory.closed);
    const bob = await RawClient.connect(comet.port);
    assert.equal(await ask(bob, 7, "bob's"), "8 ");
    assert.equal(await ask(bob, 12, "staff"), "13 lobby");
    assert.equal(await ask(bob, 4, "hey"), "5 2 lobby 3");
    assert.equal(await ask(bob, 12, "live://2"), "13 live://2");
    const alice = await RawClient.connect(comet.port);
    assert.equal(await ask(alice, 7, "alice's"), "8 ");
    assert.equal(await ask(alice, 12, "staff"), "13 staff");
    bob.close();
    assert.equal((await within("the hook", ended)).mid, 2n);
    alice.close();
  }));
