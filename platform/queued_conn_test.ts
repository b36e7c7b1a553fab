import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { WriteOutcome } from "./port.ts";
import { QueuedConn } from "./queued_conn.ts";

/** A connection whose socket takes as many bytes as the test says. */
class ScriptedConn extends QueuedConn<undefined> {
  readonly remoteAddress = "127.0.0.1";
  /** What the socket takes now; below 0 it is over. */
  room = 0;
  readonly events: string[] = [];

  constructor() {
    const note = (event: string) => () => void this.events.push(event);
    const handler = {
      open: note("open"),
      data: note("data"),
      drain: note("drain"),
      end: note("end"),
      close: note("close"),
    };
    super({ pendingBytesMax: 10, handler });
  }

  protected writeSome(bytes: Uint8Array): number {
    const taken = Math.min(this.room, bytes.length);
    if (taken > 0) {
      this.room -= taken;
      this.events.push(String(bytes.subarray(0, taken)));
    }
    return taken;
  }

  protected shutdown(): void {
    this.events.push("shutdown");
  }

  protected terminate(): void {}

  pause(): void {}

  resume(): void {}

  /** The socket takes so many bytes more. */
  takes(room: number): void {
    this.room = room;
    this.flush();
  }
}

describe("QueuedConn", () => {
  it("drains, and ends, when everything that waited has been discarded", () => {
    const conn = new ScriptedConn();
    assert.equal(conn.write(Uint8Array.of(1)), WriteOutcome.queued);
    assert.equal(conn.write(Uint8Array.of(2)), WriteOutcome.queued);
    assert.equal(conn.discardPending(), 2);
    assert.deepEqual([conn.pendingBytes, conn.events], [0, []]);
    conn.takes(9);
    assert.deepEqual(conn.events, ["drain"]);
    assert.equal(conn.write(Uint8Array.of(3)), WriteOutcome.sent);
    conn.end();
    assert.deepEqual(conn.events, ["drain", "3", "shutdown"]);
  });

  it("keeps nothing for a socket that is over", () => {
    const conn = new ScriptedConn();
    conn.room = -1;
    assert.equal(conn.write(Uint8Array.of(1)), WriteOutcome.closed);
    assert.equal(conn.pendingBytes, 0);
    conn.end();
    assert.deepEqual(conn.events, ["shutdown"]);
  });

  it("sends what has begun, then the rest in order, then the end of stream", () => {
    const conn = new ScriptedConn();
    conn.room = 1;
    assert.equal(conn.write(Uint8Array.of(1, 2, 3)), WriteOutcome.queued);
    assert.equal(conn.write(new Uint8Array(9)), WriteOutcome.dropped);
    assert.equal(conn.write(Uint8Array.of(4)), WriteOutcome.queued);
    conn.end();
    assert.equal(conn.write(Uint8Array.of(5)), WriteOutcome.closed);
    conn.takes(1);
    conn.takes(9);
    assert.deepEqual(conn.events, ["1", "2", "3", "4", "shutdown", "drain"]);
  });
});
