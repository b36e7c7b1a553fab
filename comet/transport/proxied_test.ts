import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { randomBelow, seededPrng } from "../../base/prng.ts";
import { fuzzInput } from "../../tests/support/fuzz_inputs.ts";
import { type MemoryClient, UPGRADE } from "../../tests/support/memory_client.ts";
import { hex, utf8 } from "../../tests/support/protocol.ts";
import {
  IPV4_ADDRESSES,
  IPV6_ADDRESSES,
  proxyBlock,
  proxyLine,
} from "../../tests/support/proxy_headers.ts";
import { rawFrame } from "../../tests/support/raw_client.ts";
import { NOTHING_LEFT, TestComet } from "../../tests/support/test_comet.ts";
import { byteByByte, clientFrame, joined } from "../../tests/support/websocket_frames.ts";
import { TICK_MS } from "../options.ts";

const AUTH = rawFrame(7, 1, "{}");
const LINE = proxyLine("PROXY TCP4 203.0.113.5 10.0.0.1 4711 3101");
/** The network of every peer of the simulated machine. */
const trustedProxies = ["127.0.0.0/8"];

/** An upgrade with one more field. */
function upgradeWith(field: string): Uint8Array {
  const text = new TextDecoder().decode(UPGRADE);
  return utf8(text.replace("\r\n\r\n", `\r\n${field}\r\n\r\n`));
}

/** From where logic was told that the last client comes. */
async function authenticate(comet: TestComet, client: MemoryClient, bytes: readonly Uint8Array[]) {
  comet.logic.holds.add("connect");
  for (const chunk of bytes) {
    client.write(chunk);
    await comet.turn();
  }
  await comet.settle();
  return comet.logic.connects.at(-1)?.request.remoteAddress;
}

describe("ProxiedTransport", () => {
  it("has the address of a client of its header, over TCP and WebSocket, however it is cut", async () => {
    const webSocketAuth = joined(UPGRADE, clientFrame(2, AUTH));
    for (
      const [header, address] of [
        [LINE, "203.0.113.5"],
        [proxyBlock(0x21, 0x21, IPV6_ADDRESSES), "2001:db8::5"],
        [proxyBlock(0x20, 0x00), "127.0.0.1"],
        [proxyLine("PROXY UNKNOWN"), "127.0.0.1"],
      ] as const
    ) {
      const comet = await TestComet.start({ trustedProxies, proxy: true });
      for (const cut of [(bytes: Uint8Array) => [bytes], byteByByte]) {
        const tcp = await comet.connect();
        assert.equal(await authenticate(comet, tcp, cut(joined(header, AUTH))), address);
        const webSocket = await comet.connectWebSocket();
        const chunks = cut(joined(header, webSocketAuth));
        assert.equal(await authenticate(comet, webSocket, chunks), address);
      }
      assert.deepEqual([comet.left().channels, comet.left().addresses], [4, 1]);
      assert.equal(comet.counters.protocolErrors + comet.counters.badProxyHeaders, 0);
    }
  });

  it("gives nothing away of a channel before its header has come", async () => {
    const comet = await TestComet.start({ trustedProxies, proxy: true });
    const client = await comet.connect();
    client.write(LINE.subarray(0, 30));
    await comet.settle();
    assert.deepEqual([comet.left().channels, comet.left().addresses], [1, 0]);
    client.reset();
    await comet.settle();
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  it("closes who begins with something else, or with a wrong header, and serves the others", async () => {
    const comet = await TestComet.start({ trustedProxies, proxy: true });
    const honest = await comet.connect();
    const wrong = [
      AUTH,
      UPGRADE,
      hex("16030100"),
      proxyLine("PROXY TCP4 1.2.3.4"),
      LINE.subarray(1),
    ];
    for (const bytes of wrong) {
      for (const client of [await comet.connect(), await comet.connectWebSocket()]) {
        client.write(bytes);
        await comet.settle();
        assert.deepEqual([client.ended, client.take().length], [true, 0]);
      }
    }
    assert.equal(comet.counters.badProxyHeaders, 2 * wrong.length);
    assert.equal(await authenticate(comet, honest, [LINE, AUTH]), "203.0.113.5");
    assert.equal(comet.logic.connects.length, 1);
  });

  it("reads one header alone", async () => {
    const comet = await TestComet.start({ trustedProxies, proxy: true });
    const client = await comet.connect();
    client.write(joined(LINE, LINE, AUTH));
    await comet.settle();
    assert.deepEqual([client.ended, comet.counters.protocolErrors], [true, 1]);
    assert.equal(comet.counters.badProxyHeaders, 0);
  });

  it("discards what comes behind a wrong header", async () => {
    const comet = await TestComet.start({ trustedProxies, proxy: true });
    const client = await comet.connect();
    client.goesWhenTold = false;
    client.write(AUTH);
    await comet.settle();
    client.write(joined(LINE, AUTH));
    await comet.settle();
    assert.deepEqual([comet.counters.badProxyHeaders, comet.logic.connects.length], [1, 0]);
    client.end();
    await comet.settle();
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  it("closes who sends no whole header within the handshake's deadline", async () => {
    const comet = await TestComet.start({ trustedProxies, proxy: true, handshakeMs: 1_000 });
    const client = await comet.connect();
    for (let at = 0; at < 9; at++) {
      client.write(LINE.subarray(at, at + 1));
      await comet.advance(100);
    }
    assert.equal(client.ended, false);
    await comet.advance(100 + TICK_MS);
    assert.deepEqual([client.ended, comet.counters.handshakeTimeouts], [true, 1]);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  it("resets peers that are no trusted proxies, whatever they say", async () => {
    const comet = await TestComet.start({ trustedProxies: ["10.0.0.0/8"], proxy: true });
    for (const client of [await comet.connect(), await comet.connectWebSocket()]) {
      client.write(joined(LINE, AUTH));
      await comet.settle();
      assert.deepEqual([client.closed, client.take().length], [true, 0]);
    }
    assert.deepEqual([comet.counters.refusedProxies, comet.counters.accepted], [2, 0]);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  it("passes on what a client says of X-Forwarded-For only where a proxy stands behind the header", async () => {
    const comet = await TestComet.start({ trustedProxies, proxy: true });
    const upgrade = upgradeWith("X-Forwarded-For: 198.51.100.7");
    const bytes = joined(upgrade, clientFrame(2, AUTH));
    const direct = await comet.connectWebSocket();
    const header = proxyBlock(0x21, 0x11, IPV4_ADDRESSES);
    assert.equal(await authenticate(comet, direct, [header, bytes]), "203.0.113.5");
    const chained = await comet.connectWebSocket();
    const ofProxy = proxyLine("PROXY TCP4 127.0.0.9 127.0.0.1 1 2");
    assert.equal(await authenticate(comet, chained, [ofProxy, bytes]), "198.51.100.7");
  });
});

test("ProxiedTransport keeps nothing of connections of garbage, and serves the next (fuzz)", async () => {
  const prng = seededPrng(2_711_202);
  const valid = [LINE, proxyBlock(0x21, 0x21, IPV6_ADDRESSES), proxyBlock(0x20, 0)]
    .flatMap((header) => [joined(header, AUTH), joined(header, UPGRADE, clientFrame(2, AUTH))]);
  const comet = await TestComet.start({ trustedProxies, proxy: true });
  for (let round = 0; round < 500; round++) {
    const client = await (round % 2 === 0 ? comet.connect() : comet.connectWebSocket());
    const bytes = fuzzInput(valid, prng);
    const cut = randomBelow(prng, bytes.length + 1);
    client.write(bytes.slice(0, cut));
    await comet.turn();
    client.write(bytes.slice(cut));
    await comet.settle();
    client.reset();
    await comet.settle();
  }
  assert.deepEqual(comet.left(), NOTHING_LEFT);
  assert.ok(comet.counters.badProxyHeaders > 100 && comet.counters.authenticated > 20);
  assert.equal(await authenticate(comet, await comet.connect(), [LINE, AUTH]), "203.0.113.5");
});

describe("WebSocketTransport behind trusted proxies", () => {
  const upgrades: readonly [field: string, address: string][] = [
    ["X-Forwarded-For: 198.51.100.1, 203.0.113.5", "203.0.113.5"],
    ["X-Forwarded-For: 203.0.113.5\r\nX-Forwarded-For: 127.0.0.2", "203.0.113.5"],
    ["X-Real-IP: 2001:DB8::5", "2001:db8::5"],
    ["X-Forwarded-For: nonsense", "127.0.0.1"],
    ["X-Other: 203.0.113.5", "127.0.0.1"],
  ];
  for (const [field, address] of upgrades) {
    it(`finds ${address} by ${JSON.stringify(field)}`, async () => {
      const comet = await TestComet.start({ trustedProxies });
      const client = await comet.connectWebSocket();
      assert.equal(comet.left().addresses, 0);
      const bytes = [upgradeWith(field), clientFrame(2, AUTH)];
      assert.equal(await authenticate(comet, client, bytes), address);
      assert.equal(comet.left().addresses, 1);
    });
  }

  it("believes no peer that is none, on no transport", async () => {
    const comet = await TestComet.start({ trustedProxies: ["10.0.0.0/8"] });
    const client = await comet.connectWebSocket();
    assert.equal(comet.left().addresses, 1);
    const bytes = [upgradeWith("X-Forwarded-For: 203.0.113.5"), clientFrame(2, AUTH)];
    assert.equal(await authenticate(comet, client, bytes), "127.0.0.1");
    const tcp = await comet.connect();
    assert.equal(await authenticate(comet, tcp, [AUTH]), "127.0.0.1");
  });

  it("forgets a connection that is no upgrade", async () => {
    const comet = await TestComet.start({ trustedProxies });
    const client = await comet.connectWebSocket();
    client.write(utf8("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    await comet.settle();
    assert.match(client.take().toString(), /^HTTP\/1\.1 200 /);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });
});
