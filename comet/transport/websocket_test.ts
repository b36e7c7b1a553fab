import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { CloseCodes } from "../../protocol/close_codes.ts";
import { type MemoryClient, UPGRADE } from "../../tests/support/memory_client.ts";
import { rawFrame, readRawFrames } from "../../tests/support/raw_client.ts";
import { NOTHING_LEFT, pushFrames, TestComet } from "../../tests/support/test_comet.ts";
import { byteByByte, clientFrame, joined, utf8 } from "../../tests/support/websocket_frames.ts";
import { keysDelivery, roomDelivery } from "../../tests/support/deliveries.ts";

const AUTH = clientFrame(2, rawFrame(7, 1, "{}"));

/** The response to the upgrade, taken off what has come; the rest stays. */
function response(client: MemoryClient): { head: string; rest: Uint8Array } {
  const bytes = client.take();
  const end = bytes.indexOf("\r\n\r\n") + 4;
  return {
    head: bytes.subarray(0, end).toString("latin1"),
    rest: new Uint8Array(bytes.subarray(end)),
  };
}

function closeFrame(code: number, reason = ""): Uint8Array {
  return clientFrame(8, joined(Uint8Array.of(code >> 8, code & 0xff), utf8(reason)));
}

/** What came as `opcode:payload`, the payload in hexadecimal. */
function seen(client: MemoryClient): string[] {
  return client.messages().map(({ opcode, payload }) => `${opcode}:${payload.toString("hex")}`);
}

describe("WebSocketTransport's upgrade", () => {
  it("may come with the first frames in one chunk", async () => {
    const comet = await TestComet.start();
    const client = await comet.connectWebSocket();
    client.write(joined(UPGRADE, AUTH, clientFrame(2, rawFrame(2, 2))));
    await comet.settle();
    const { head, rest } = response(client);
    assert.match(
      head,
      /^HTTP\/1\.1 101 .*\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/is,
    );
    assert.deepEqual(
      rest,
      joined(
        Uint8Array.of(0x82, 16),
        rawFrame(8, 1),
        Uint8Array.of(0x82, 20),
        rawFrame(3, 2, Uint8Array.of(0, 0, 0, 1)),
      ),
    );
    assert.equal(comet.pool.inUse, 0);
  });

  it("may come a byte at a time, and the frames behind it as well", async () => {
    const comet = await TestComet.start();
    const client = await comet.connectWebSocket();
    for (const byte of byteByByte(joined(UPGRADE, AUTH))) {
      client.write(byte);
      await comet.turn();
    }
    await comet.settle();
    assert.deepEqual(response(client).rest, joined(Uint8Array.of(0x82, 16), rawFrame(8, 1)));
    assert.equal(comet.pool.inUse, 0);
  });

  it("is refused with 403 to a page whose origin may not connect", async () => {
    const comet = await TestComet.start({ origins: ["https://www.example.com"] });
    const upgrade = Buffer.from(UPGRADE).toString("latin1");
    const withOrigin = (origin: string) =>
      utf8(upgrade.replace("\r\n\r\n", `\r\nOrigin: ${origin}\r\n\r\n`));
    const foreign = await comet.connectWebSocket();
    foreign.write(joined(withOrigin("https://evil.example"), AUTH));
    await comet.settle();
    assert.match(foreign.take().toString("latin1"), /^HTTP\/1\.1 403 Forbidden\r\n.*origins\.\n$/s);
    assert.equal(foreign.closed, true);
    const { refusedOrigins, protocolErrors, authenticated } = comet.counters;
    assert.deepEqual([refusedOrigins, protocolErrors, authenticated], [1, 0, 0]);
    const own = await comet.connectWebSocket();
    own.write(joined(withOrigin("https://www.example.com"), AUTH));
    await comet.settle();
    assert.equal(comet.counters.authenticated, 1);
    assert.equal(comet.pool.inUse, 0);
  });

  it("gives way to a question for the health, which is no error", async () => {
    const comet = await TestComet.start({ origins: ["https://www.example.com"] });
    const client = await comet.connectWebSocket();
    client.write(utf8("GET /healthz HTTP/1.0\r\n\r\n"));
    await comet.settle();
    assert.match(client.take().toString("latin1"), /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nok\n$/s);
    assert.equal(client.closed, true);
    assert.equal(comet.counters.protocolErrors, 0);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  it("is refused in HTTP for another path or a malformed head, and the connection ends", async () => {
    const comet = await TestComet.start();
    const heads: [status: number, head: string][] = [
      [404, "GET /other HTTP/1.1\r\nHost: a\r\n\r\n"],
      [426, "GET /sub HTTP/1.1\r\nHost: a\r\n\r\n"],
      [405, "POST /sub HTTP/1.1\r\nHost: a\r\n\r\n"],
      [400, "nonsense\r\n\r\n"],
      [431, `GET /sub HTTP/1.1\r\nX: ${"x".repeat(17_000)}`],
    ];
    for (const [status, head] of heads) {
      const client = await comet.connectWebSocket();
      client.write(joined(utf8(head), AUTH));
      client.write(AUTH);
      await comet.settle();
      const text = client.take().toString("latin1");
      assert.equal(text.slice(0, 13), `HTTP/1.1 ${status} `);
      assert.equal(text.indexOf("HTTP/1.1", 1), -1);
      assert.deepEqual([client.ended, client.closed], [true, true]);
    }
    assert.equal(comet.counters.protocolErrors, heads.length);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });
});

describe("WebSocketTransport's formats", () => {
  it("is the one in which the auth came", async () => {
    const comet = await TestComet.start();
    const binary = await comet.connectWebSocket();
    binary.write(UPGRADE);
    binary.sendText('{"op":2,"seq":1}');
    binary.sendBinary(7, 1, "{}");
    const text = await comet.connectWebSocket();
    text.write(UPGRADE);
    text.sendBinary(2, 1);
    text.sendText('{"ver":1,"op":7,"seq":5,"body":{}}');
    await comet.settle();
    response(text);
    response(binary);
    for (const client of [binary, text]) {
      client.sendText('{"op":2,"seq":2}');
      client.sendBinary(4, 3, "x");
      client.sendText('{"op":12,"seq":4,"body":"live://é"}');
      await comet.settle();
    }
    const frames = binary.messages().map(({ opcode, payload }) => {
      const [{ op, seq }] = readRawFrames(payload).frames;
      return [opcode, op, seq];
    });
    assert.deepEqual(frames, [[2, 3, 2], [2, 5, 3], [2, 13, 4]]);
    assert.deepEqual(text.messages().map(({ opcode, payload }) => `${opcode} ${payload}`), [
      '1 {"ver":1,"op":3,"seq":2,"body":1}',
      '1 {"ver":1,"op":5,"seq":3,"body":{}}',
      '1 {"ver":1,"op":13,"seq":4,"body":"live://é"}',
    ]);
  });

  it("takes a message in fragments with a ping between, while logic is slow", async () => {
    const comet = await TestComet.start();
    comet.logic.holds.add("receive");
    const client = await comet.openBinary();
    const frame = rawFrame(4, 9, "in three parts");
    client.write(joined(
      clientFrame(2, frame.subarray(0, 10), { isFinal: false }),
      clientFrame(9, utf8("early")),
      clientFrame(0, frame.subarray(10, 20), { isFinal: false }),
      clientFrame(0, frame.subarray(20)),
      clientFrame(9, utf8("late")),
      clientFrame(2, rawFrame(2, 10)),
    ));
    await comet.settle();
    assert.deepEqual(seen(client), ["10:6561726c79"]);
    comet.logic.receives[0].resolve();
    await comet.settle();
    const [reply, pong, beat] = client.messages();
    assert.deepEqual(reply.payload, rawFrame(5, 9));
    assert.deepEqual([pong.opcode, pong.payload.toString()], [10, "late"]);
    assert.equal(beat.payload.readInt32BE(8), 3);
    assert.deepEqual(comet.logic.received[0].body, utf8("in three parts"));
    assert.equal(comet.pool.inUse, 0);
  });
});

describe("WebSocketTransport's end", () => {
  it("answers pings before auth and after, and ignores pongs", async () => {
    const comet = await TestComet.start();
    const client = await comet.connectWebSocket();
    client.write(joined(UPGRADE, clientFrame(9, utf8("a")), clientFrame(10, utf8("b"))));
    await comet.settle();
    assert.deepEqual(response(client).rest, Uint8Array.of(0x8a, 1, 97));
    client.write(joined(AUTH, clientFrame(9)));
    await comet.settle();
    assert.deepEqual(seen(client).slice(1), ["10:"]);
  });

  it("echoes the client's close code, or none, and ends", async () => {
    const comet = await TestComet.start();
    const closes: [frame: Uint8Array, answer: string][] = [
      [closeFrame(1000, "bye"), "8:03e8"],
      [closeFrame(4321), "8:10e1"],
      [clientFrame(8), "8:"],
      [closeFrame(1005), "8:03ea"],
      [clientFrame(8, Uint8Array.of(3)), "8:03ea"],
    ];
    for (const [frame, answer] of closes) {
      const client = await comet.openBinary();
      client.write(joined(clientFrame(9), frame, clientFrame(9), clientFrame(2, rawFrame(2, 1))));
      await comet.settle();
      const [pong, close, ...more] = seen(client);
      assert.equal(pong, "10:");
      assert.equal(close.slice(0, answer.length), answer);
      assert.deepEqual([more, client.ended, client.closed], [[], true, true]);
    }
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  it("says nothing behind its own close frame, whatever still comes from either side", async () => {
    const comet = await TestComet.start();
    comet.logic.holds.add("receive");
    const client = await comet.openBinary({ key: "k" });
    client.goesWhenTold = false;
    client.write(joined(clientFrame(2, rawFrame(4, 1, "x")), clientFrame(9)));
    await comet.settle();
    comet.connections.close(comet.channels()[0], CloseCodes.replaced);
    comet.logic.receives[0].resolve();
    await comet.deliver([
      roomDelivery("live://1", pushFrames("x")),
      keysDelivery(["k"], 1000, pushFrames("x")),
    ]);
    client.write(joined(clientFrame(9), clientFrame(2, rawFrame(2, 2)), closeFrame(1000)));
    await comet.settle();
    const [close, ...more] = client.messages();
    assert.deepEqual([close.opcode, close.payload.readUInt16BE(0), more], [8, 4004, []]);
    client.end();
    await comet.settle();
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  it("names what the client broke", async () => {
    const comet = await TestComet.start();
    const broken: [code: number, bytes: Uint8Array][] = [
      [1002, clientFrame(2, rawFrame(2, 1), { key: null })],
      [1002, clientFrame(3)],
      [1002, clientFrame(2, rawFrame(2, 1).subarray(0, 15))],
      [1002, clientFrame(2, joined(rawFrame(2, 1), rawFrame(2, 1)))],
      [1002, clientFrame(1, utf8("{"))],
      [1007, clientFrame(1, Uint8Array.of(0xff))],
      [1009, clientFrame(2, new Uint8Array(20_000))],
      [1009, clientFrame(1, utf8(JSON.stringify({ op: 4, body: "x".repeat(4_097) })))],
    ];
    for (const [code, bytes] of broken) {
      const client = await comet.openBinary();
      client.write(joined(clientFrame(9), bytes, clientFrame(9)));
      await comet.settle();
      const [pong, close, ...more] = client.messages();
      assert.deepEqual([pong.opcode, close.opcode, more], [10, 8, []]);
      assert.equal(close.payload.readUInt16BE(0), code);
      assert.equal(client.closed, true);
    }
    assert.equal(comet.counters.protocolErrors, broken.length);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });
});
