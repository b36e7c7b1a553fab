import assert from "node:assert/strict";
import { test } from "node:test";
import type { CDPSession, LaunchOptions } from "playwright-core";
import { withChromium, withSite } from "../support/chromium.ts";
import { withServer } from "../support/server.ts";

/** For how long a client may be silent, in milliseconds. */
const SILENT_MS = 2_000;

/** How often it says that it is there, in milliseconds. */
const HEARTBEAT_MS = 200;

/** For how long the page is watched once its timers stand still, in seconds. */
const WATCHED_S = Number(process.env.TEST_BACKGROUND_SECONDS ?? 3);

/**
 * Throttles pages in the background as a browser does to save power, and after one second rather
 * than five minutes: then timers that are set by timers fire once a minute.
 */
const throttling: LaunchOptions = {
  ignoreDefaultArgs: ["--disable-background-timer-throttling", "--disable-renderer-backgrounding"],
  args: ["--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/1"],
};

/** Opens a tab in a window of its own, or before the others in theirs. */
async function openTab(session: CDPSession, url: string, window?: string): Promise<string> {
  const { browserContextId } = window === undefined
    ? await session.send("Target.createBrowserContext")
    : { browserContextId: window };
  await session.send("Target.createTarget", {
    url,
    browserContextId,
    newWindow: window === undefined,
  });
  return browserContextId;
}

test("a page in the background stays connected while its timers stand still, in Chromium", {
  timeout: 60_000 + WATCHED_S * 2_000,
}, async () => {
  const gone: bigint[] = [];
  const stoodStill = Promise.withResolvers<void>();
  const options = {
    heartbeatIntervalMs: SILENT_MS,
    heartbeatsMax: 1,
    hooks: {
      disconnected({ mid }: { readonly mid: bigint }) {
        gone.push(mid);
        if (mid === 2n) stoodStill.resolve();
      },
    },
  };
  await withServer(options, (server) => {
    const page = `<!doctype html><title>a site</title><script type="module">
      const mid = Number(location.hash.slice(1));
      // A page that has no workers is left with its own timers.
      if (mid === 2) delete globalThis.Worker;
      const { connect } = await import("${server.httpUrl}/client.js");
      connect("ws://127.0.0.1:${server.wsPort}/sub", { token: { mid }, heartbeatMs: ${HEARTBEAT_MS} });
    </script>`;
    const visit = (port: number) =>
      withChromium(async (browser) => {
        // Pages that Playwright knows are never hidden: it opens these for itself.
        const session = await browser.newBrowserCDPSession();
        const site = `http://127.0.0.1:${port}/`;
        const window = await openTab(session, `${site}#1`);
        const other = await openTab(session, `${site}#2`);
        await server.until("both pages", (metrics) => metrics.comet_authenticated_total === 2);
        await openTab(session, "about:blank", window);
        await openTab(session, "about:blank", other);
        await stoodStill.promise;
        await session.send("Target.disposeBrowserContext", { browserContextId: other });
        let { comet_heartbeats_total: heard } = await server.metrics();
        for (let left = WATCHED_S * 1_000 / HEARTBEAT_MS; left > 0; left--) {
          await server.until("a heartbeat", (metrics) => metrics.comet_heartbeats_total > heard);
          heard++;
        }
        assert.deepEqual(gone, [2n]);
      }, throttling);
    return withSite(visit, page);
  });
});
