import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { scriptArgs } from "../../platform/select.ts";
import { RawClient, within } from "../support/raw_client.ts";

test("examples/embedded.ts authenticates by its table, refuses a room, and answers messages", async () => {
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const args = [...scriptArgs, "examples/embedded.ts"];
  const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const line = async (form: RegExp) => {
      while (true) {
        const { value = "", done } = await within("a line", lines.next(), 20_000);
        const found = form.exec(value);
        if (found !== null) return found[1];
        assert.ok(!done, `no line is ${form}`);
      }
    };
    const port = Number(await line(/^listening on (\d+)/));
    const open = async (token: string) => {
      const client = await RawClient.connect(port);
      client.send(7, 1, token);
      return client;
    };
    const answer = async (client: RawClient, op: number, body: string) => {
      client.send(op, 2, body);
      return await next(client);
    };
    const next = async (client: RawClient) => {
      const { op, body } = await client.next();
      return `${op} ${body}`;
    };

    const stranger = await open("mallory's token");
    await within("the stranger's end", stranger.closed);
    const bob = await open("bob's token");
    assert.equal(await next(bob), "8 ");
    assert.equal(await answer(bob, 12, "live://staff"), "13 live://lobby");
    assert.equal(await answer(bob, 4, ""), '5 {"code":-403,"message":"say something"}');
    bob.send(4, 3, "hi");
    const both = [await next(bob), await next(bob)];
    assert.deepEqual(both.toSorted(), ["1000 2: hi", "5 "]);
    assert.match(await answer(bob, 4, "how many?"), /^5 \d+ in live:\/\/lobby$/);
    bob.close();
    assert.equal(await line(/^(\d) has gone/), "2");
    const alice = await open("alice's token");
    assert.equal(await next(alice), "8 ");
    assert.equal(await answer(alice, 12, "live://staff"), "13 live://staff");
    process.kill(child.pid!, "SIGTERM");
    assert.match(await next(alice), /^6 .*"code":1001/);
    alice.close();
    assert.equal((await within("the end", ended, 20_000))[0], 0);
  } finally {
    if (child.exitCode === null && child.signalCode === null) process.kill(child.pid!, "SIGKILL");
    await ended;
  }
});
