import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { localCaller } from "../../tests/support/local_caller.ts";
import { messages } from "../../tests/support/rpc_messages.ts";
import type { CloseCode } from "../close_codes.ts";
import { CloseCodes } from "../close_codes.ts";
import {
  answerComet,
  type CloseRequest,
  type CloseRoomRequest,
  type CometApi,
  cometCalls,
  type CometControl,
  cometControlCalls,
  NONE_FENCED,
  type RoomInterestApi,
  roomInterestCalls,
} from "./comet_calls.ts";
import { type Delivery, encodeDeliveries } from "./delivery.ts";
import { clientOf, RpcMethod } from "./calls.ts";

/** Keeps what it is asked, as a comet's queues keep frames. */
class Comet implements CometApi, CometControl, RoomInterestApi {
  batch: readonly Delivery[] = [];
  closedRoom: readonly [string, CloseCode] = ["", CloseCodes.normal];
  closes = 0;
  closed: readonly [number, CloseCode] = [0, CloseCodes.normal];
  fenced: readonly number[] = [];
  rooms: readonly string[] = [];
  renewals = 0;

  async deliver(batch: readonly Delivery[]): Promise<readonly number[]> {
    this.batch = batch;
    return this.fenced;
  }

  async close({ connectionId, close }: CloseRequest): Promise<void> {
    this.closed = [connectionId, close];
  }

  async closeRoom({ room, close }: CloseRoomRequest): Promise<number> {
    this.closedRoom = [room, close];
    return this.closes;
  }

  async watch(): Promise<readonly string[]> {
    return this.rooms;
  }

  async renewWatch(): Promise<void> {
    this.renewals++;
  }
}

const comet = new Comet();
const caller = localCaller((method, body) => answerComet(comet, comet, comet, method, body));
const client = clientOf(cometCalls, caller);
const control = clientOf(cometControlCalls, caller);
const rooms = clientOf(roomInterestCalls, caller);

test("CometApi.deliver() brings every batch over as the comet's own, and the fenced back", async () => {
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

test("CometApi.deliver() answers with one and the same list when nothing was fenced", async () => {
  comet.fenced = [];
  assert.equal(await client.deliver([]), NONE_FENCED);
});

test("CometApi.deliver() gives each delivery memory of its own", async () => {
  const room = {
    kind: "room",
    partition: 0,
    token: 1,
    room: "live://1",
    epoch: "",
    head: 0,
    positions: [1],
  } as const;
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

test("CometControl.closeRoom() brings the room and the close code over, and back how many", async () => {
  const { text, close, connectionId } = messages;
  const property = fc.asyncProperty(text, close, connectionId, async (room, code, count) => {
    comet.closes = count;
    assert.equal(await control.closeRoom({ room, close: code }), count);
    assert.deepEqual(comet.closedRoom, [room, code]);
  });
  await fc.assert(property, { seed: 15 });
});

test("CometControl.close() brings every connection and close code over", async () => {
  const { connectionId, close } = messages;
  const property = fc.asyncProperty(connectionId, close, async (id, code) => {
    await control.close({ connectionId: id, close: code });
    assert.deepEqual(comet.closed, [id, code]);
  });
  await fc.assert(property, { seed: 13 });
});

test("RoomInterestApi.watch() brings every list of rooms back, and renewWatch() asks again", async () => {
  const property = fc.asyncProperty(messages.texts, async (held) => {
    comet.rooms = held;
    assert.deepEqual(await rooms.watch(), held);
  });
  await fc.assert(property, { seed: 14 });
  await rooms.renewWatch();
  assert.equal(comet.renewals, 1);
});

test("answerComet() leaves the methods of others alone", () => {
  for (const method of [RpcMethod.connect, RpcMethod.addRooms, 999]) {
    assert.equal(answerComet(comet, comet, comet, method, new Uint8Array(0)), undefined);
  }
});
