import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { freePort } from "./free_port.ts";

test("freePort() gives each port once, none that is taken, and none that the system gives away", async () => {
  const [first, second] = [await freePort(), await freePort()];
  assert.equal(second, first + 1);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(second + 1, "127.0.0.1", resolve));
  const third = await freePort();
  assert.equal(third, second + 2);
  assert.ok(third < 32_768);
  await new Promise((resolve) => server.close(resolve));
});
