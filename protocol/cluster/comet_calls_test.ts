import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { localCaller } from "../../tests/support/local_caller.ts";
import { messages } from "../../tests/support/rpc_messages.ts";
import type { CloseCode } from "../close_codes.ts";
import { CloseCodes } from "../close_codes.ts";
import {
  answerComet,
  type CometApi,
  CometClient,
  NONE_FENCED,
  type RoomInterestApi,
} from "./comet_calls.ts";
import { type Delivery, encodeDeliveries } from "./delivery.ts";
import { RpcMethod } from "./calls.ts";

/** Keeps what it is asked, as a comet's queues keep frames. */
class Comet implements CometApi, RoomInterestApi {
  batch: readonly Delivery[] = [];
  closed: readonly [number, CloseCode] = [0, CloseCodes.normal];
  fenced: readonly number[] = [];
  rooms: readonly string[] = [];
  refollows = 0;

  async deliver(batch: readonly Delivery[]): Promise<readonly number[]> {
    this.batch = batch;
    return this.fenced;
  }

  async close(connectionId: number, close: CloseCode): Promise<void> {
    this.closed = [connectionId, close];
  }

  async watch(): Promise<readonly string[]> {
    return this.rooms;
  }

  async renewWatch(): Promise<void> {
    this.refollows++;
  }
}

const comet = new Comet();
const client = new CometClient(
  localCaller((method, body) => answerComet(comet, comet, method, body)),
);

test("CometClient.deliver() brings every batch over as the comet's own, and the fenced back", async () => {
  const property = fc.asyncProperty(
    fc.array(messages.delivery),
    messages.int32s,
    async (batch, fenced) => {
      comet.fenced = fenced;
      assert.deepEqual(await client.deliver(batch), fenced);
      assert.deepEqual(comet.batch, batch);
    },
  );
  await fc.assert(property, { seed: 11 });
});

test("CometClient.deliver() answers with one and the same list when nothing was fenced", async () => {
  comet.fenced = [];
  assert.equal(await client.deliver([]), NONE_FENCED);
});

test("CometClient.deliver() gives each delivery memory of its own", async () => {
  const room = { kind: "room", partition: 0, token: 1, room: "live://1", positions: [1] } as const;
  const frames = new Uint8Array(32 * 1024).fill(5);
  await client.deliver(Array.from({ length: 8 }, () => ({ ...room, frames })));
  for (const delivery of comet.batch) {
    assert.equal(delivery.frames.buffer.byteLength, frames.length);
  }
});

test("encodeDeliveries() takes exactly as much memory as it fills", () => {
  fc.assert(
    fc.property(fc.array(messages.delivery), (batch) => {
      const body = encodeDeliveries(batch);
      assert.equal(body.buffer.byteLength, body.length);
    }),
    { seed: 12 },
  );
});

test("CometClient.close() brings every connection and close code over", async () => {
  const { connectionId, close } = messages;
  const property = fc.asyncProperty(connectionId, close, async (id, code) => {
    await client.close(id, code);
    assert.deepEqual(comet.closed, [id, code]);
  });
  await fc.assert(property, { seed: 13 });
});

test("CometClient.watch() brings every list of rooms back, and renewWatch() asks again", async () => {
  const property = fc.asyncProperty(messages.texts, async (rooms) => {
    comet.rooms = rooms;
    assert.deepEqual(await client.watch(), rooms);
  });
  await fc.assert(property, { seed: 14 });
  await client.renewWatch();
  assert.equal(comet.refollows, 1);
});

test("answerComet() leaves the methods of others alone", () => {
  for (const method of [RpcMethod.connect, RpcMethod.addRooms, 999]) {
    assert.equal(answerComet(comet, comet, method, new Uint8Array(0)), undefined);
  }
});
