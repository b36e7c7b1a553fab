import assert from "node:assert/strict";
import { test } from "node:test";
import { runInChromium } from "../support/chromium.ts";
import { withServer } from "../support/server.ts";

/** How many pushes each viewer is to see. */
const PUSHES = 20;

/** Two viewers of one video, who speak goim's binary frames and its JSON. */
function viewers(wsUrl: string): string {
  return `
    const bytesOf = (text) => new TextEncoder().encode(text);
    const textOf = (bytes) => new TextDecoder().decode(bytes);
    const frame = (op, seq, body) => {
      const bytes = new Uint8Array(16 + body.length);
      const view = new DataView(bytes.buffer);
      view.setInt32(0, bytes.length);
      view.setInt16(4, 16);
      view.setInt16(6, 1);
      view.setInt32(8, op);
      view.setInt32(12, seq);
      bytes.set(body, 16);
      return bytes;
    };
    const framesOf = (buffer) => {
      const frames = [];
      for (let at = 0; at < buffer.byteLength;) {
        const view = new DataView(buffer, at);
        const body = buffer.slice(at + 16, at + view.getInt32(0));
        if (view.getInt32(8) === 9) frames.push(...framesOf(body));
        else frames.push({ op: view.getInt32(8), body });
        at += view.getInt32(0);
      }
      return frames;
    };
    /** Watches until all danmaku have come and the heartbeat says that both are there. */
    const watch = (mid, isText) => new Promise((resolve, reject) => {
      const socket = new WebSocket(${JSON.stringify(wsUrl)});
      socket.binaryType = "arraybuffer";
      const token = { mid, key: "", room_id: "live://video", platform: "web", accepts: [] };
      const send = (op, seq, body) => socket.send(
        isText
          ? JSON.stringify({ ver: 1, op, seq, body })
          : frame(op, seq, bytesOf(body === undefined ? "" : JSON.stringify(body))));
      const danmaku = [];
      let online = 0;
      const see = (op, read) => {
        if (op === 1000) danmaku.push(read.text());
        else if (op === 3) online = read.count();
        if (danmaku.length < ${PUSHES}) return;
        if (online === 2) resolve({ danmaku, online });
        else setTimeout(() => send(2, 2), 50);
      };
      socket.onopen = () => send(7, 1, token);
      socket.onmessage = ({ data }) => {
        if (typeof data === "string") {
          const { op, body } = JSON.parse(data);
          see(op, { text: () => body.text, count: () => body });
          return;
        }
        for (const { op, body } of framesOf(data)) {
          see(op, {
            text: () => JSON.parse(textOf(body)).text,
            count: () => new DataView(body).getInt32(0),
          });
        }
      };
      socket.onclose = ({ code }) => reject(new Error("closed with " + code));
    });
    return await Promise.all([watch(1, false), watch(2, true)]);
  `;
}

test("two viewers of a video see every danmaku in order and each other, in Chromium", {
  timeout: 60_000,
}, () =>
  withServer({}, async (server) => {
    const seen = runInChromium(viewers(`ws://127.0.0.1:${server.wsPort}/sub`));
    const pushed = (async () => {
      await server.until("both viewers", (metrics) => metrics.comet_authenticated_total === 2);
      for (let push = 0; push < PUSHES; push++) {
        const body = JSON.stringify({ text: `弹幕 ${push}` });
        await server.push("room?operation=1000&type=live&room=video", body);
      }
    })();
    const [viewersSaw] = await Promise.all([seen, pushed]);
    const danmaku = Array.from({ length: PUSHES }, (_, push) => `弹幕 ${push}`);
    assert.deepEqual(viewersSaw, [{ danmaku, online: 2 }, { danmaku, online: 2 }]);
  }));
