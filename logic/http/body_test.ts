import assert from "node:assert/strict";
import { test } from "node:test";
import { BadRequest } from "../bad_request.ts";
import { readBody } from "./body.ts";

function post(body: BodyInit | undefined, headers: HeadersInit = {}): Request {
  const init: RequestInit & { duplex: "half" } = { method: "POST", body, headers, duplex: "half" };
  return new Request("http://host/", init);
}

function stream(parts: number[][], end: (controller: ReadableStreamDefaultController) => void) {
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const part = parts.shift();
      if (part === undefined) end(controller);
      else controller.enqueue(new Uint8Array(part));
    },
  });
}

function badRequest(message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof BadRequest);
    assert.match(error.message, message);
    return true;
  };
}

test("readBody() puts together what arrives in parts", async () => {
  const body = stream([[1, 2], [], [3], [4, 5, 6]], (controller) => controller.close());
  assert.deepEqual([...await readBody(post(body), 6)], [1, 2, 3, 4, 5, 6]);
});

test("readBody() reads a body that declares its length", async () => {
  const request = post(new Uint8Array([7, 8]), { "content-length": "2" });
  assert.deepEqual([...await readBody(request, 2)], [7, 8]);
});

test("readBody() gives no bytes for no body", async () => {
  assert.equal((await readBody(post(undefined), 10)).byteLength, 0);
});

test("readBody() refuses a body past its limit, declared or not", async () => {
  const tooLong = badRequest(/^body must be at most 3 bytes$/);
  await assert.rejects(readBody(post(new Uint8Array(4)), 3), tooLong);
  await assert.rejects(readBody(post("x", { "content-length": "4" }), 3), tooLong);
});

test("readBody() does not read a body without end further than its limit", async () => {
  let chunks = 0, cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      chunks++;
      controller.enqueue(new Uint8Array(16));
    },
    cancel() {
      cancelled = true;
    },
  });
  await assert.rejects(readBody(post(body), 64), badRequest(/at most 64 bytes/));
  assert.ok(chunks <= 8, `${chunks} chunks of 16 bytes were read`);
  assert.ok(cancelled);
});

test("readBody() refuses a body that breaks off", async () => {
  const reset = (controller: ReadableStreamDefaultController) => {
    controller.error(new Error("connection reset"));
  };
  for (const headers of [{}, { "content-length": "9" }] as HeadersInit[]) {
    const request = post(stream([[1]], reset), headers);
    await assert.rejects(readBody(request, 64), badRequest(/^body must arrive whole: /));
  }
});
