import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { answer, type Script, ScriptedHttp } from "../tests/support/scripted_http.ts";
import { ServerApi } from "./server_api.ts";

const TAKEN = answer(200, JSON.stringify({ code: 0, data: { epoch: "e", offset: 7 } }));

/** Runs something with the APIs of some processes, each of which answers as it is told. */
async function withApis(
  scripts: readonly Script[],
  use: (api: ServerApi, ids: () => (string | null)[][]) => Promise<void>,
): Promise<void> {
  const servers = scripts.map((script) => Object.assign(new ScriptedHttp(), { script }));
  try {
    for (const server of servers) await server.listen();
    const urls = servers.map(({ url }) => new URL(url).origin);
    const ids = () =>
      servers.map(({ asked }) =>
        asked.map(({ path }) => new URL(path, urls[0]).searchParams.get("id"))
      );
    await use(new ServerApi(urls, "", 1), ids);
  } finally {
    for (const server of servers) server.close();
  }
}

describe("ServerApi.pushToRoom()", () => {
  it("pushes again at the next API by the same id where one goes or has gone", async () => {
    const goes = answer(503, JSON.stringify({ code: -503, message: "stopping" }));
    const hangsUp: Script = (response) => void response.destroy();
    for (const script of [goes, hangsUp]) {
      await withApis([script, TAKEN], async (api, ids) => {
        const answers = [];
        for (let push = 0; push < 2; push++) {
          answers.push(await api.pushToRoom(0, new Uint8Array(40)));
        }
        assert.deepEqual(answers, new Array(2).fill({ epoch: "e", offset: 7 }));
        const [tried, taken] = ids();
        // The second went to the second API at once.
        assert.deepEqual([tried.at(-1), taken.length, api.repeats], [taken[0], 2, 1]);
        assert.ok(taken[0] && taken[1] && taken[0] !== taken[1]);
      });
    }
  });

  it("takes an answer for an answer", async () => {
    const full = answer(200, JSON.stringify({ code: -507, message: "full" }));
    await withApis([full, TAKEN], async (api, ids) => {
      assert.equal(await api.pushToRoom(0, new Uint8Array(40)), false);
      assert.deepEqual([ids()[1], api.repeats], [[], 0]);
    });
  });

  it("asks one API once, as goim is asked", async () => {
    await withApis([answer(503, JSON.stringify({ code: -503 }))], async (api, ids) => {
      assert.equal(await api.pushToRoom(0, new Uint8Array(40)), false);
      assert.deepEqual(ids(), [[null]]);
    });
  });
});

it("ServerApi.get() asks the next API where one is gone", async () => {
  const hangsUp: Script = (response) => void response.destroy();
  await withApis([hangsUp, answer(200, "here")], async (api) => {
    assert.deepEqual(await api.get("/metrics"), { ok: true, text: "here" });
  });
  await withApis([hangsUp], async (api) => {
    await assert.rejects(api.get("/metrics"), /the API does not answer/);
  });
});
