import assert from "node:assert/strict";
import { test } from "node:test";
import { CancellableDelay } from "../../base/cancellable_delay.ts";
import { ManualClock, promisesSettled } from "../../base/clock.ts";
import { DisconnectQueue } from "../../comet/rpc/disconnect_queue.ts";
import type { ConnectionRef, ConnectRequest } from "../../protocol/cluster/connection.ts";
import { RpcError } from "../../protocol/rpc.ts";
import { Metrics } from "../metrics.ts";
import { addDisconnects } from "./role_metrics.ts";

test("addDisconnects() shows the sessions that wait for a logic and those that were given up", async () => {
  const lost = () => Promise.reject(new RpcError("lost", true, "there is no link"));
  const delay = new CancellableDelay(new ManualClock());
  const disconnects = new DisconnectQueue<ConnectionRef>(lost, delay, 2);
  const undos = new DisconnectQueue<ConnectRequest>(lost, delay, 2);
  const metrics = new Metrics();
  addDisconnects(metrics, { disconnects, undos });
  const session = { server: "comet", connectionId: 1, mid: 1n, key: "k" };
  for (let count = 0; count < 3; count++) {
    disconnects.queueDisconnect(session);
    await promisesSettled();
  }
  const token = new Uint8Array(0);
  undos.queueDisconnect({ server: "comet", connectionId: 2, token, remoteAddress: "127.0.0.1" });
  await promisesSettled();
  delay.cancel();
  const text = await metrics.text();
  assert.match(text, /^halley_comet_disconnects_dropped_total 1$/m);
  assert.match(text, /^halley_comet_disconnects_queued 3$/m);
});
