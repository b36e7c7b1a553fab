/** Clients that publish, by operation 70 and by goim's operation 4. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { withDocumentedProxy } from "../support/documented_proxy.ts";
import { token } from "../support/raw_client.ts";
import { withServer } from "../support/server.ts";
import { withServerProcess } from "../support/server_process.ts";
import { type Speaker, SPEAKERS, textSpeaker, type Told } from "../support/speakers.ts";
import { WebSocketClient } from "../support/web_socket_client.ts";

const rooms = [
  { type: "live", historySize: 100, upstream: "publish" },
  { type: "chat", upstream: "publish", publishOperation: 2000 },
] as const;
const options = { rooms, publishBurst: 1_000, publishMidBurst: 1_000 };

const MESSAGES = 30;

/** Authenticates; `live://1` is its primary room unless something else is said. */
async function enter(speaker: Speaker, fields: object = {}): Promise<Speaker> {
  const identity = { room_id: "live://1", accepts: [], features: ["rooms"], ...fields };
  speaker.send(7, 1, token(identity));
  assert.equal((await speaker.next()).op, 8);
  return speaker;
}

/** The next frames, of which so many are answers and so many pushes. */
async function take(speaker: Speaker, answers: number, pushes: number) {
  const taken: Record<"answers" | "pushes", Told[]> = { answers: [], pushes: [] };
  while (taken.answers.length < answers || taken.pushes.length < pushes) {
    const told = await speaker.next();
    taken[told.op === 71 || told.op === 5 ? "answers" : "pushes"].push(told);
  }
  assert.deepEqual([taken.answers.length, taken.pushes.length], [answers, pushes]);
  return taken;
}

for (const [form, connect] of Object.entries(SPEAKERS)) {
  test(`who publishes gets its messages once each, where the answers say, ${form}`, () =>
    withServer(options, async (server) => {
      const own = await enter(await connect(server), { mid: 1 });
      const other = await enter(await connect(server), { mid: 2, room_id: "live://2" });
      for (const speaker of [own, other]) {
        const further = speaker === own ? "live://2" : "live://1";
        speaker.send(64, 2, JSON.stringify({ room: further }));
        assert.equal((await speaker.next()).op, 65);
      }
      for (const room of ["live://1", "live://2"]) {
        for (let seq = 1; seq <= MESSAGES; seq++) {
          own.send(70, seq, JSON.stringify({ room, op: 1001, body: `${room} ${seq}` }));
        }
        const { answers, pushes } = await take(own, MESSAGES, MESSAGES);
        for (const [at, { seq, body }] of answers.entries()) {
          const { epoch, ...rest } = JSON.parse(body);
          assert.match(epoch, /^.+$/);
          assert.deepEqual([seq, rest], [at + 1, { code: 0, room, offset: at + 1 }]);
        }
        const named = (speaker: Speaker) => (speaker === own) === (room === "live://1") ? "" : room;
        const wanted = (speaker: Speaker) =>
          answers.map((_, at) => ({
            op: 1001,
            seq: at + 1,
            room: named(speaker),
            body: `${room} ${at + 1}`,
          }));
        assert.deepEqual(pushes, wanted(own));
        assert.deepEqual((await take(other, 0, MESSAGES)).pushes, wanted(other));
      }
      own.close();
      other.close();
    }));
}

test("a message said again over another connection is pushed once, another sender's is another", () =>
  withServer(options, async (server) => {
    const watcher = await enter(await SPEAKERS["over TCP"](server), { mid: 9 });
    const answers: string[] = [];
    for (const [mid, text] of [[1, "first"], [1, "again"], [2, "other"]] as const) {
      const speaker = await enter(await SPEAKERS["in text messages"](server), { mid });
      speaker.send(70, 1, JSON.stringify({ room: "live://1", body: text, id: "m-1", media_ms: 5 }));
      answers.push(
        ...(await take(speaker, 1, text === "again" ? 0 : 1)).answers.map(({ body }) => body),
      );
      speaker.close();
    }
    const { pushes } = await take(watcher, 0, 2);
    assert.deepEqual(pushes.map(({ seq, body }) => `${seq}:${body}`), ["1:first", "2:other"]);
    watcher.close();
    assert.deepEqual(answers.map((body) => JSON.parse(body).offset), [1, 1, 2]);
  }));

test("goim's operation 4 is pushed to the primary room, and a room without history has no place", () =>
  withServer(options, async (server) => {
    const goim = { features: undefined, room_id: "chat://1", mid: 3 };
    const speaker = await enter(await SPEAKERS["over TCP"](server), goim);
    const member = await enter(await SPEAKERS["over TCP"](server), { room_id: "chat://1" });
    speaker.send(4, 7, "hé");
    const { answers, pushes } = await take(speaker, 1, 1);
    assert.deepEqual(answers, [{ op: 5, seq: 7, room: "", body: "" }]);
    assert.deepEqual(pushes, [{ op: 2000, seq: 0, room: "", body: "h\xc3\xa9" }]);
    assert.deepEqual((await take(member, 0, 1)).pushes, pushes);
    member.send(70, 1, JSON.stringify({ room: "chat://1", body: 1 }));
    const answer = JSON.parse((await take(member, 1, 1)).answers[0].body);
    assert.deepEqual(answer, { code: 0, room: "chat://1", epoch: "", offset: 0 });
    speaker.close();
    member.close();
  }));

test("pages publish in text form behind nginx, each through any worker", async () => {
  const folder = await mkdtemp(join(tmpdir(), "halley-publish-"));
  const config = join(folder, "halley.toml");
  const live = '[[rooms]]\ntype = "live"\nhistory-size = 100\nupstream = "publish"\n';
  await writeFile(config, `[api]\napi-key = "change-this-key"\n${live}`);
  try {
    await withServerProcess(
      ["--workers", "2", "--config", config],
      (server) =>
        withDocumentedProxy("nginx", server, async ({ httpsPort }) => {
          const pages: Speaker[] = [];
          for (let mid = 1; mid <= 4; mid++) {
            pages.push(
              await enter(textSpeaker(await WebSocketClient.connect(httpsPort, "wss")), { mid }),
            );
          }
          const said: string[] = [];
          for (const [at, page] of pages.entries()) {
            const body = { t: `${at} <b>&amp;</b> 弹幕` };
            said.push(`${at + 1}:${JSON.stringify(body)}`);
            page.send(70, 1, JSON.stringify({ room: "live://1", body }));
            const { answers } = await take(page, 1, 1);
            assert.equal(JSON.parse(answers[0].body).offset, at + 1);
            for (const other of pages.slice(at + 1)) {
              const { pushes: [{ seq, body }] } = await take(other, 0, 1);
              assert.equal(`${seq}:${body}`, said[at]);
            }
          }
          for (const page of pages) page.close();
        }),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
