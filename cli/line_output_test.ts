import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { ManualClock, promisesSettled } from "../base/clock.ts";
import { LineOutput, outputBytesMax, printable } from "./line_output.ts";

/** Somebody who reads only when told to. */
class Reader {
  readonly clock = new ManualClock();
  readonly counters = { linesDropped: 0 };
  readonly chunks: string[] = [];
  readonly output = new LineOutput({
    write: (bytes) =>
      new Promise((resolve, reject) => {
        this.#pending = { bytes, resolve, reject };
      }),
    clock: this.clock,
    counters: this.counters,
    dropped: (count) => `${count} dropped`,
  });
  #pending: {
    bytes: Uint8Array;
    resolve: (count: number) => void;
    reject: (error: Error) => void;
  } | undefined;

  get isAsked(): boolean {
    return this.#pending !== undefined;
  }

  get text(): string {
    return this.chunks.join("");
  }

  /** Takes what is being written, or a part of it. */
  async read(bytesMax = Infinity): Promise<void> {
    const { bytes, resolve } = this.#pending!;
    this.#pending = undefined;
    const taken = bytes.subarray(0, bytesMax);
    this.chunks.push(new TextDecoder().decode(taken));
    resolve(taken.length);
    await promisesSettled();
  }

  async readAll(): Promise<void> {
    while (this.isAsked) await this.read();
  }

  async fail(): Promise<void> {
    const { reject } = this.#pending!;
    this.#pending = undefined;
    reject(new Error("EPIPE"));
    await promisesSettled();
  }
}

describe("LineOutput", () => {
  test("writes lines whole and in order, many at a time, one write after the other", async () => {
    const reader = new Reader();
    const lines = Array.from({ length: 1000 }, (_, index) => `line ${index}`);
    for (const line of lines) reader.output.line(line);
    await reader.read();
    assert.deepEqual(reader.chunks, ["line 0\n"]);
    await reader.readAll();
    assert.equal(reader.text, lines.map((line) => `${line}\n`).join(""));
    assert.ok(reader.chunks.length < 10);
    for (const chunk of reader.chunks) assert.ok(chunk.length <= 4096 && chunk.endsWith("\n"));
    assert.equal(reader.output.pendingBytes, 0);
  });

  test("goes on with the rest of a line that was written in part", async () => {
    const reader = new Reader();
    reader.output.line("x".repeat(10_000));
    await reader.read(4096);
    await reader.readAll();
    assert.equal(reader.text, `${"x".repeat(10_000)}\n`);
  });

  test("drops the newest when nobody reads, and says how many when somebody does", async () => {
    const reader = new Reader();
    const line = "y".repeat(1023);
    for (let index = 0; index < outputBytesMax / 1024 + 100; index++) reader.output.line(line);
    assert.equal(reader.output.pendingBytes, outputBytesMax);
    assert.equal(reader.counters.linesDropped, 100);
    await reader.read();
    reader.output.line("still too early");
    await reader.readAll();
    assert.ok(reader.text.includes(`${line}\n101 dropped\n`), "in its place");
    assert.ok(!reader.text.includes("too early"));
    reader.output.line("on");
    await reader.readAll();
    assert.ok(reader.text.endsWith("\non\n"));
  });

  test("says how many though no more lines come", async () => {
    const reader = new Reader();
    reader.output.line("z".repeat(outputBytesMax - 1));
    reader.output.line("too many");
    await reader.readAll();
    assert.ok(reader.text.endsWith("z\n1 dropped\n"));
  });

  test("tries again after a failure, and keeps what it has", async () => {
    const reader = new Reader();
    reader.output.line("a");
    for (let failure = 0; failure < 3; failure++) {
      await reader.fail();
      assert.equal(reader.isAsked, false);
      reader.clock.advance(100);
    }
    reader.output.line("b");
    await reader.readAll();
    assert.equal(reader.text, "a\nb\n");
  });

  test("flush() waits for what was said, and no longer than it is told to", async () => {
    const reader = new Reader();
    await reader.output.flush(500);
    reader.output.line("a");
    let flushed = 0;
    void reader.output.flush(500).then(() => flushed++);
    reader.clock.advance(499);
    await promisesSettled();
    assert.equal(flushed, 0);
    reader.clock.advance(1);
    await promisesSettled();
    assert.equal(flushed, 1);
    void reader.output.flush(500).then(() => flushed++);
    await reader.read();
    assert.equal(flushed, 2);
    assert.equal(reader.clock.pending, 0);
  });
});

test("printable() leaves letters of every script alone", () => {
  for (const text of ["", 'zoë 日本 אבג 😀 a="b"\\n']) assert.equal(printable(text), text);
  assert.equal(printable("a\tb\r\n"), String.raw`a\u0009b\u000d\u000a`);
});
