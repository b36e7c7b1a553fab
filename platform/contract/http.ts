import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HttpFetch, HttpServer, Platform } from "../port.ts";
import { reportsOf } from "./handler_faults.ts";

/** Sends a request to a server of the platform. */
export type Send = (request: Request) => Promise<Response>;

/** Registers what every implementation of `Http` must do. */
export function httpContract(name: string, platform: Platform, send: Send): void {
  const hostname = "127.0.0.1";

  async function withServer(
    fetch: HttpFetch,
    run: (origin: string, server: HttpServer) => Promise<void>,
  ): Promise<void> {
    const server = await platform.http.serve({ hostname, port: 0, fetch });
    try {
      assert.equal(server.address.hostname, hostname);
      await run(`http://${hostname}:${server.address.port}`, server);
    } finally {
      await server.close();
    }
  }

  describe(`Http on ${name}`, () => {
    it("gives the handler the request and the peer's address", async () => {
      const fetch: HttpFetch = async (request, { remoteAddress }) => {
        const { pathname, search } = new URL(request.url);
        const body = await request.text();
        return Response.json({ method: request.method, pathname, search, body, remoteAddress });
      };
      await withServer(fetch, async (origin) => {
        const request = new Request(`${origin}/a/b?c=1&c=2`, {
          method: "POST",
          body: "x".repeat(70_000),
        });
        const response = await send(request);
        assert.equal(response.status, 200);
        assert.deepEqual(await response.json(), {
          method: "POST",
          pathname: "/a/b",
          search: "?c=1&c=2",
          body: "x".repeat(70_000),
          remoteAddress: hostname,
        });
      });
    });

    it("takes a query of 40 KB", async () => {
      const fetch: HttpFetch = (request) =>
        new Response(String(new URL(request.url).search.length));
      await withServer(fetch, async (origin) => {
        const response = await send(new Request(`${origin}/?${"k".repeat(40_000)}`));
        assert.equal(await response.text(), "40001");
      });
    });

    it("passes status, headers and bytes of the answer through", async () => {
      const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      const fetch = () => new Response(bytes, { status: 404, headers: { "x-halley": "yes" } });
      await withServer(fetch, async (origin) => {
        const response = await send(new Request(origin));
        assert.equal(response.status, 404);
        assert.equal(response.headers.get("x-halley"), "yes");
        assert.deepEqual(new Uint8Array(await response.arrayBuffer()), bytes);
      });
    });

    it("answers a handler that throws with a plain 500 and one line", async () => {
      const fetch = (request: Request) => {
        if (request.url.includes("sync")) throw new Error("secret\nstack");
        return Promise.reject(new Error("secret too"));
      };
      const lines = await reportsOf(() =>
        withServer(fetch, async (origin) => {
          for (const path of ["/sync?key=hidden", "/later"]) {
            const response = await send(new Request(origin + path));
            assert.equal(response.status, 500);
            assert.equal(await response.text(), "Internal Server Error");
          }
        })
      );
      assert.deepEqual(lines, [
        "HTTP GET /sync failed: secret",
        "HTTP GET /later failed: secret too",
      ]);
    });

    it("close() lets a request under way end and takes no more", async () => {
      let begun = () => {};
      let finish = () => {};
      const isBegun = new Promise<void>((resolve) => begun = resolve);
      const mayFinish = new Promise<void>((resolve) => finish = resolve);
      const whole = "y".repeat(1_000_000);
      const fetch = async () => {
        begun();
        await mayFinish;
        return new Response(whole);
      };
      await withServer(fetch, async (origin, server) => {
        const answered = send(new Request(origin)).then((response) => response.text());
        await isBegun;
        let closed = false;
        const closing = server.close().then(() => closed = true);
        await assert.rejects(send(new Request(origin)));
        assert.equal(closed, false);
        finish();
        assert.equal(await answered, whole);
        await closing;
        assert.equal(closed, true);
      });
    });

    it("says in one line that a port is taken or out of range", async () => {
      const fetch = () => new Response("");
      await withServer(fetch, async (_origin, server) => {
        const { port } = server.address;
        await assert.rejects(platform.http.serve({ hostname, port, fetch }), {
          message: `Cannot listen on 127.0.0.1:${port}: address already in use`,
        });
      });
      await assert.rejects(platform.http.serve({ hostname, port: -1, fetch }), {
        message: "Cannot listen on 127.0.0.1:-1: port must be 0 to 65535, current value is -1",
      });
    });
  });
}
