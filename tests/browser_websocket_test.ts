import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { runInChromium } from "./support/chromium.ts";
import { CodecServer, pattern } from "./support/codec_server.ts";

const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Talks to the codec and returns what the browser saw, a line per event. */
function talk(url: string): string {
  return `
    const seen = [];
    const hex = (data) =>
      Array.from(new Uint8Array(data), (byte) => byte.toString(16).padStart(2, "0")).join("");
    const digest = async (data) => hex(await crypto.subtle.digest("SHA-256", data));
    /** Sends each message when the one before was answered; then \`end\` closes. */
    const exchange = (url, messages, end) => new Promise((resolve) => {
      const socket = new WebSocket(url);
      socket.binaryType = "arraybuffer";
      const next = () => messages.length > 0 ? socket.send(messages.shift()) : end(socket);
      socket.onopen = () => {
        seen.push("open " + JSON.stringify(socket.extensions + socket.protocol));
        next();
      };
      socket.onmessage = async ({ data }) => {
        seen.push(typeof data === "string" ? "text " + data : "binary " + await digest(data));
        next();
      };
      socket.onclose = ({ code, reason, wasClean }) => {
        seen.push("close " + code + " " + reason + " " + wasClean);
        resolve();
      };
    });
    const url = ${JSON.stringify(url)};
    const bytes = new Uint8Array(16384).map((_, index) => index);
    const messages = ["Hello €", "", bytes.slice(0, 40), bytes, "send:70000", "ping:abc"];
    await exchange(url, messages, (socket) => socket.close(4321, "bye €"));
    await exchange(url, [], (socket) => socket.send("close:4003:slow reader"));
    await exchange(url, [], (socket) => socket.send(new Uint8Array(16385)));
    await exchange(url + "/other", [], () => {});
    return seen;
  `;
}

test("Chromium and the codec exchange messages and agree on how to close", {
  timeout: 60_000,
}, () =>
  CodecServer.with(async (server, url) => {
    const seen = await runInChromium(talk(url));
    const bytes = new Uint8Array(16384).map((_, index) => index);
    assert.deepEqual(seen, [
      'open ""',
      "text Hello €",
      "text ",
      `binary ${digest(bytes.slice(0, 40))}`,
      `binary ${digest(bytes)}`,
      `binary ${digest(pattern(70000))}`,
      "text pong:616263",
      "close 4321  true",
      'open ""',
      "close 4003 slow reader true",
      'open ""',
      "close 1009 message too big true",
      "close 1006  false",
    ]);
    assert.match(await server.next(), /^accepted 127\.0\.0\.1:\d+ http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal(await server.next(), "close 4321 bye €");
    assert.match(await server.next(), /^accepted /);
    assert.match(await server.next(), /^close 4003 /);
    assert.match(await server.next(), /^accepted /);
    assert.equal(await server.next(), "error 1009");
  }));
