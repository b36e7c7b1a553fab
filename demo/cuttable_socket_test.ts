import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { cuttableSockets } from "./cuttable_socket.ts";

/** What a socket is of the browser's class, as far as it is used. */
class FakeSocket extends EventTarget {
  onclose: ((event: CloseEvent) => void) | null = null;
  isClosed = false;
  constructor(readonly url: string) {
    super();
  }
  close() {
    this.isClosed = true;
    this.dispatchEvent(new Event("close"));
  }
}

function sockets() {
  const made = cuttableSockets(FakeSocket as never);
  const connect = () => {
    const socket = new made.Socket("ws://example.test/") as unknown as FakeSocket;
    const codes: number[] = [];
    socket.onclose = ({ code }) => {
      codes.push(code);
      // As the SDK does: it takes its listeners off and closes.
      socket.onclose = null;
      socket.close();
    };
    return { socket, codes };
  };
  return { made, connect };
}

describe("cuttableSockets()", () => {
  test("leaves connections alone until they are cut", () => {
    const { made, connect } = sockets();
    const { socket, codes } = connect();
    assert.equal(socket.url, "ws://example.test/");
    assert.equal(made.isCut, false);
    assert.equal(socket.isClosed, false);
    assert.deepEqual(codes, []);
  });

  test("setCut(true) ends all, and tells each once", () => {
    const { made, connect } = sockets();
    const both = [connect(), connect()];
    made.setCut(true);
    made.setCut(true);
    assert.equal(made.isCut, true);
    for (const { socket, codes } of both) {
      assert.equal(socket.isClosed, true);
      assert.deepEqual(codes, [1006]);
    }
  });

  test("a connection that is made meanwhile fails, one that is made after does not", async () => {
    const { made, connect } = sockets();
    made.setCut(true);
    const meanwhile = connect();
    await Promise.resolve();
    assert.deepEqual(meanwhile.codes, [1006]);
    made.setCut(false);
    const after = connect();
    await Promise.resolve();
    assert.equal(after.socket.isClosed, false);
  });

  test("what has ended by itself is not told again", () => {
    const { made, connect } = sockets();
    const { socket, codes } = connect();
    socket.close();
    made.setCut(true);
    assert.deepEqual(codes, []);
  });
});
