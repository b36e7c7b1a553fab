import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { seededPrng } from "../../base/prng.ts";
import { CuttingProxy } from "./cutting_proxy.ts";
import { RawClient, within } from "./raw_client.ts";

/** Runs a proxy in front of a server that sends everything back. */
async function withProxy(use: (proxy: CuttingProxy, port: number) => Promise<void>): Promise<void> {
  const echo = createServer((socket) => {
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  const proxy = await CuttingProxy.start((echo.address() as { port: number }).port, seededPrng(1));
  try {
    await use(proxy, Number(proxy.address.split(":")[1]));
  } finally {
    await proxy.stop();
    await new Promise((resolve) => echo.close(resolve));
  }
}

/** Sends frames until the connection ends, and returns how many bytes came back. */
async function bytesUntilCut(client: RawClient): Promise<number> {
  let bytes = 0;
  let over = false;
  client.closed.then(() => over = true);
  client.socket.on("data", (data: Buffer) => bytes += data.length);
  for (let seq = 0; !over; seq++) {
    client.send(2, seq, "body");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return bytes;
}

describe("CuttingProxy", () => {
  test("passes everything on until it is told to cut", () =>
    withProxy(async (proxy, port) => {
      const client = await RawClient.connect(port);
      const body = Buffer.alloc(100_000, 7);
      client.send(2, 1, body);
      assert.deepEqual((await client.next()).body, body);
      assert.equal(proxy.cuts, 0);
      client.close();
    }));

  test("cuts every connection within so many bytes, most of them in the middle of a frame", () =>
    withProxy(async (proxy, port) => {
      proxy.cut(2_000);
      let inMidFrame = 0;
      for (let turn = 1; turn <= 10; turn++) {
        const bytes = await within("a cut", bytesUntilCut(await RawClient.connect(port)));
        assert.ok(bytes <= 2_000, `${bytes}`);
        if (bytes % 20 !== 0) inMidFrame++;
        assert.equal(proxy.cuts, turn);
      }
      assert.ok(inMidFrame >= 2, `${inMidFrame}`);
    }));

  test("cuts connections that are there already, and none any more once it has healed", () =>
    withProxy(async (proxy, port) => {
      const early = await RawClient.connect(port);
      early.send(2, 1);
      await early.next();
      proxy.cut(1_000);
      await within("a cut", bytesUntilCut(early));
      proxy.heal();
      const late = await RawClient.connect(port);
      late.send(2, 1, Buffer.alloc(10_000));
      assert.equal((await late.next()).body.length, 10_000);
      late.close();
    }));
});
