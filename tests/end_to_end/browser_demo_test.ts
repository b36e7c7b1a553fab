/** The danmaku page, as those see it who watch. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { connect } from "../../client/mod.ts";
import { launchChromium } from "../support/chromium.ts";
import { DemoPage } from "../support/demo_page.ts";
import { ANY_PORT, RoleProcess } from "../support/role_process.ts";

const slowly = { timeout: 60_000 };

describe("the demo, in Chromium", () => {
  let folder = "";
  let server: RoleProcess;
  let browser: Browser;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "halley-demo-"));
    const flags = {
      data: join(folder, "data"),
      "publish-rate": "0",
      "publish-mid-rate": "0",
      ...{ tcp: ANY_PORT, ws: ANY_PORT, http: ANY_PORT },
    };
    server = new RoleProcess({ command: "start", name: "server", flags, upMessage: "listening" });
    [browser] = await Promise.all([launchChromium(), server.start()]);
  }, slowly);

  after(async () => {
    await browser?.close();
    await server?.kill();
    await rm(folder, { recursive: true });
  });

  const open = (room: string, more?: Record<string, string>) =>
    DemoPage.open(browser, server.addresses.http, room, more);

  it("shows two pages each other's comments", slowly, async () => {
    const [ann, bob] = await Promise.all([open("demo://talk"), open("demo://talk")]);
    await Promise.all([ann.shows("online", "2"), bob.shows("online", "2")]);
    await ann.say("hello from Ann");
    await Promise.all([bob.stages("hello from Ann"), bob.lists("latest", "hello from Ann")]);
    await bob.say("hello from Bob");
    await Promise.all([ann.stages("hello from Bob"), ann.lists("latest", "hello from Bob")]);
    for (const one of [ann, bob]) {
      assert.deepEqual(await one.listed("latest"), ["hello from Ann", "hello from Bob"]);
      assert.deepEqual(one.complaints, []);
      await one.page.close();
    }
  });

  it(
    "shows who comes later what was said, and at each place what belongs there",
    slowly,
    async () => {
      const ann = await open("demo://late", { t: "61" });
      await ann.say("on the bridge");
      await ann.lists("latest", "on the bridge");
      await ann.seek(150_000);
      await ann.say("stars");
      await ann.lists("latest", "stars");
      await ann.page.close();

      const carl = await open("demo://late", { t: "0" });
      await carl.lists("latest", "stars");
      assert.deepEqual(await carl.listed("latest"), ["on the bridge", "stars"]);
      assert.deepEqual(await carl.listed("here"), []);
      await carl.seek(62_000);
      await Promise.all([carl.stages("on the bridge"), carl.lists("here", "on the bridge")]);
      await carl.seek(151_000);
      await Promise.all([carl.stages("stars"), carl.lists("here", "stars")]);
      assert.deepEqual(await carl.listed("here"), ["stars"]);
      // The scene comes to a comment by playing on, too.
      await carl.seek(60_500);
      assert.equal(await carl.part("comments").locator(".comment").count(), 0);
      await carl.part("play").click();
      await carl.stages("on the bridge");
      assert.deepEqual(await carl.listed("latest"), ["on the bridge", "stars"]);
      await carl.page.close();
    },
  );

  it("misses nothing and shows nothing twice when the server is killed", slowly, async () => {
    const [ann, bob] = await Promise.all([open("demo://killed"), open("demo://killed")]);
    const backoff = { baseMs: 100, maxMs: 500 };
    const options = { token: { mid: 9 }, publishTimeoutMs: 60_000, backoff };
    const talker = connect(server.addresses.websocket, options);
    const room = talker.join("demo://killed");
    await room.publish({ t: "before" });
    await Promise.all([ann.lists("latest", "before"), bob.lists("latest", "before")]);
    const said = ["before"];
    for (const time of ["once", "twice"]) {
      // These are on their way: kept or not, and not answered.
      const sent = ["a", "b", "c"].map((letter) => `${letter} ${time}`);
      const published = Promise.all(sent.map((t) => room.publish({ t })));
      await server.kill();
      await Promise.all([ann.shows("state", /Offline/), bob.shows("state", /Offline/)]);
      await ann.say(`meanwhile ${time}`);
      await server.start();
      await published;
      await Promise.all([ann, bob].map((one) => one.lists("latest", `meanwhile ${time}`)));
      said.push(...sent, `meanwhile ${time}`);
    }
    talker.close();
    await bob.say("after");
    const carl = await open("demo://killed");
    for (const one of [ann, bob, carl]) await one.lists("latest", "after");
    const seen = await carl.listed("latest");
    assert.deepEqual(seen.toSorted(), [...said, "after"].sort());
    for (const one of [ann, bob, carl]) {
      assert.deepEqual(await one.listed("latest"), seen);
      await one.page.close();
    }
  });

  it("shows the recovery when its connection is cut", slowly, async () => {
    const [ann, bob] = await Promise.all([open("demo://cut"), open("demo://cut")]);
    await bob.part("cut").click();
    await bob.shows("state", "Offline: cut by you");
    await ann.say("one");
    await ann.say("two");
    await ann.lists("latest", "two");
    assert.deepEqual(await bob.listed("latest"), []);
    await bob.part("cut").click();
    await bob.shows("notice", "Back: 2 messages missed, 2 recovered");
    await bob.lists("latest", "two");
    assert.deepEqual(await bob.listed("latest"), ["one", "two"]);
    for (const one of [ann, bob]) await one.page.close();
  });

  it("is used by keyboard", slowly, async () => {
    const ann = await open("demo://keys", { t: "60" });
    const keys = ann.page.keyboard;
    const label = () => ann.part("play").getAttribute("aria-label");
    await keys.press("Space");
    assert.equal(await label(), "Pause");
    await keys.press("Space");
    assert.equal(await label(), "Play");
    await ann.seek(60_000);
    await ann.part("seek").focus();
    await keys.press("ArrowRight");
    await ann.page.locator('[aria-valuetext="1 minute 5 seconds"]').waitFor();
    await keys.press("Home");
    await ann.page.locator('[aria-valuetext="0 seconds"]').waitFor();
    await keys.press("c");
    await keys.type("cold keys");
    await keys.press("Enter");
    await ann.lists("latest", "cold keys");
    await ann.part("latest").locator("[data-own]").waitFor();
    await ann.page.close();
  });

  it("lets comments stand for those who want no motion", slowly, async () => {
    const ann = await open("demo://still", { t: "10" });
    await ann.page.emulateMedia({ reducedMotion: "reduce" });
    await ann.say("here I stand");
    await ann.stages("here I stand");
    const places = await ann.page.evaluate(`
      Array.from(document.querySelector(".comment").getAnimations()[0].effect.getKeyframes(),
        ({ transform }) => transform)
    `) as string[];
    assert.equal(places.length, 2);
    assert.equal(places[0], places[1]);
    await ann.page.close();
  });

  it("has a second viewer with a connection of its own", slowly, async () => {
    const ann = await open("demo://wide");
    await ann.page.setViewportSize({ width: 1600, height: 900 });
    await ann.part("second-viewer").click();
    const [first, second] = [1, 2].map((viewer) => ann.page.locator(`[data-viewer="${viewer}"]`));
    await second.getByTestId("online").filter({ hasText: "2" }).waitFor();
    await first.getByTestId("text").fill("hello beside me");
    await first.getByTestId("text").press("Enter");
    await second.getByTestId("latest").getByText("hello beside me").waitFor();
    assert.equal(await second.locator("li[data-own]").count(), 0);
    await ann.part("second-viewer").click();
    await first.getByTestId("online").filter({ hasText: "1" }).waitFor();
    assert.equal(await second.count(), 0);
    // The page keeps nothing of a viewer that is closed.
    const nodes = await ann.domNodes();
    for (let times = 0; times < 5; times++) {
      await ann.part("second-viewer").dblclick();
    }
    assert.ok(await ann.domNodes() < nodes + 300);
    await ann.page.close();
  });
});
